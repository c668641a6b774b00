import type { DockerEngine } from "./docker-engine.ts";

/** A container as the engine tells of it. */
export interface StormContainer {
  readonly name: string;
  /** 0 when it does not run. */
  readonly pid: number;
  /** Names of the networks that it is on, or is to be on when it runs. */
  readonly networks: readonly string[];
  /** Those that it can be taken off. */
  readonly connected: readonly string[];
  /** MAC and address of each link that it has now. */
  readonly attachments: readonly string[];
}

interface Inspected {
  readonly Name: string;
  readonly State: { readonly Pid: number };
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, Attachment>> };
}

interface Attachment {
  readonly EndpointID: string;
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
    const networks = Object.entries(NetworkSettings.Networks);
    // 20.10 keeps the wish of a connect that was refused, without an endpoint.
    const linked = networks.filter(([, row]) => row.EndpointID !== "");
    // An engine that was killed goes on to tell what a container had that died with it.
    const now = State.Pid === 0 ? [] : linked;
    return {
      name: Name.slice(1),
      pid: State.Pid,
      networks: networks.map(([name]) => name),
      connected: (State.Pid === 0 ? networks : linked).map(([name]) => name),
      attachments: now.map(([, row]) => `${row.MacAddress} ${row.IPAddress}/${row.IPPrefixLen}`),
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
