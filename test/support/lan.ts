import { spawnSync } from "node:child_process";
import { type NetnsHandle, openPlatform, type Platform } from "../../src/platform/index.ts";
import { must } from "./must.ts";

/**
 * A LAN of two machines made by iproute2, the independent witness: a host with the link `p0`
 * (10.0.0.10/24, fd00::10/64) and a machine `m0` (10.0.0.1/24, fd00::1/64) on the other end of the
 * wire.
 */
export interface Lan extends Disposable {
  readonly platform: Platform;
  readonly host: NetnsHandle;
  readonly machine: NetnsHandle;
  /** A new, empty namespace with lo up. */
  sandbox(): NetnsHandle;
}

export function openLan(): Lan {
  const platform = must(openPlatform());
  const open: NetnsHandle[] = [];
  const create = (): NetnsHandle => {
    const netns = must(platform.namespaces.create());
    open.push(netns);
    inside(netns, "ip", "link", "set", "dev", "lo", "up");
    return netns;
  };
  const [host, machine] = [create(), create()];
  inside(host, "ip", "link", "add", "p0", "type", "veth", "peer", "name", "m0");
  inside(host, "ip", "link", "set", "dev", "m0", "netns", pathOf(machine));
  const sides = [
    [host, "p0", "10"],
    [machine, "m0", "1"],
  ] as const;
  for (const [netns, name, last] of sides) {
    inside(netns, "ip", "addr", "add", `10.0.0.${last}/24`, "dev", name);
    inside(netns, "ip", "addr", "add", `fd00::${last}/64`, "dev", name, "nodad");
    inside(netns, "ip", "link", "set", "dev", name, "up");
  }
  return {
    platform,
    host,
    machine,
    sandbox: create,
    [Symbol.dispose]: () => {
      for (const netns of open) netns.close();
    },
  };
}

/** A path by which other programs reach a namespace that has no name. */
export function pathOf(netns: NetnsHandle): string {
  return `/proc/${process.pid}/fd/${netns.fd}`;
}

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program in a namespace and returns how it ended. */
export function tryInside(netns: NetnsHandle, ...command: readonly string[]): Ran {
  const args = [`--net=${pathOf(netns)}`, "--", ...command];
  const { status, stdout, stderr } = spawnSync("nsenter", args, { encoding: "utf8" });
  return { status, stdout, stderr };
}

/** As `tryInside`; a failure of the program is a failure of the test. */
export function inside(netns: NetnsHandle, ...command: readonly string[]): string {
  const ran = tryInside(netns, ...command);
  if (ran.status !== 0) throw new Error(`${command.join(" ")}: ${ran.stderr || ran.status}`);
  return ran.stdout;
}

/** What `ip -j -d link` says of one link; undefined when it is not there. */
export interface SeenLink {
  readonly ifname: string;
  readonly ifindex: number;
  readonly address: string;
  readonly mtu: number;
  readonly ifalias?: string;
  readonly flags: readonly string[];
  readonly promiscuity: number;
  readonly linkinfo?: {
    readonly info_kind?: string;
    readonly info_data?: Readonly<Record<string, unknown>>;
  };
}

export function seenLinks(netns: NetnsHandle): readonly SeenLink[] {
  const links: SeenLink[] = JSON.parse(inside(netns, "ip", "-j", "-d", "link", "show"));
  return links.filter((link) => link.ifname !== "lo");
}

/** Addresses with their prefix lengths, link-local ones left out, as `ip -j addr` shows them. */
export function seenAddresses(netns: NetnsHandle, ifname: string): readonly string[] {
  const [link]: { addr_info: { local: string; prefixlen: number; scope: string }[] }[] = JSON.parse(
    inside(netns, "ip", "-j", "addr", "show", "dev", ifname),
  );
  const rows = link?.addr_info ?? [];
  return rows.filter((r) => r.scope === "global").map((r) => `${r.local}/${r.prefixlen}`);
}

/** One echo by ping(8); IPv6 waits for the kernel's duplicate address detection. */
export function pings(from: NetnsHandle, to: string): "reachable" | "unreachable" {
  for (let attempt = 0; attempt < 4; attempt++) {
    if (tryInside(from, "ping", "-n", "-c", "1", "-W", "1", to).status === 0) return "reachable";
  }
  return "unreachable";
}

/** Everything that an attach or detach could leave behind in a namespace, as iproute2 shows it. */
export function seenState(netns: NetnsHandle): string {
  const commands = [
    "ip -d link show",
    "ip addr show",
    "ip route show table all",
    "ip -6 route show table all",
    "bridge fdb show",
  ];
  const shown = inside(netns, "sh", "-c", commands.join(" && "));
  // Lifetimes, timers, duplicate address detection and operational states move by themselves.
  return shown.replaceAll(/(valid_lft|preferred_lft|expires|state|\w+_timer) +\S+| tentative/g, "");
}

/** As `seenState`, once the kernel has ended what it does by itself after a link is set up. */
export async function settledState(netns: NetnsHandle): Promise<string> {
  for (let look = 0; look < 20; look++) {
    const before = seenState(netns);
    await Bun.sleep(300);
    const tentative = inside(netns, "ip", "-6", "addr", "show", "tentative");
    if (tentative === "" && seenState(netns) === before) return before;
  }
  throw new Error("the namespace does not come to rest");
}
