import type { DockerEngine } from "./docker-engine.ts";

/** A container as the engine tells of it. */
export interface StormContainer {
  readonly name: string;
  /** 0 when it does not run. */
  readonly pid: number;
  /** Names of the networks that it is on, or is to be on when it runs. */
  readonly networks: readonly string[];
  /** MAC and address of each link that it has now. */
  readonly attachments: readonly string[];
}

interface Inspected {
  readonly Name: string;
  readonly State: { readonly Pid: number };
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, Attachment>> };
}

interface Attachment {
  readonly MacAddress: string;
  readonly IPAddress: string;
  readonly IPPrefixLen: number;
}

/** Every container, running or not, by `docker inspect`. */
export async function seenByEngine(engine: DockerEngine): Promise<readonly StormContainer[]> {
  const ids = (await engine.docker("ps", "--all", "--quiet")).split("\n").filter(Boolean);
  if (ids.length === 0) return [];
  const rows: Inspected[] = JSON.parse(await engine.docker("inspect", ...ids));
  return rows.map(({ Name, State, NetworkSettings }) => {
    // An engine that was killed goes on to tell what a container had that died with it.
    const attached = State.Pid === 0 ? [] : Object.values(NetworkSettings.Networks);
    return {
      name: Name.slice(1),
      pid: State.Pid,
      networks: Object.keys(NetworkSettings.Networks),
      attachments: attached.map((row) => `${row.MacAddress} ${row.IPAddress}/${row.IPPrefixLen}`),
    };
  });
}

interface SeenLink {
  readonly ifname: string;
  readonly address: string;
  readonly addr_info: readonly SeenAddress[];
}

interface SeenAddress {
  readonly family: string;
  readonly local: string;
  readonly prefixlen: number;
}

/** MAC and IPv4 addresses of each link but lo of all running containers, by `ip -j`. */
export async function seenByKernel(
  engine: DockerEngine,
  containers: readonly StormContainer[],
): Promise<string[]> {
  const shown = containers
    .filter(({ pid }) => pid !== 0)
    .map(async ({ pid }) => {
      const enter = ["nsenter", `--net=/proc/${pid}/ns/net`, "--"];
      const { stdout } = await engine.inside(...enter, "ip", "-j", "addr", "show");
      const links: SeenLink[] = JSON.parse(stdout);
      return links.filter(({ ifname }) => ifname !== "lo").map(wordsOf);
    });
  return (await Promise.all(shown)).flat();
}

function wordsOf({ address, addr_info }: SeenLink): string {
  const ipv4 = addr_info.filter(({ family }) => family === "inet");
  return [address, ...ipv4.map(({ local, prefixlen }) => `${local}/${prefixlen}`)].join(" ");
}
