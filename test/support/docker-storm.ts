import type { DockerEngine } from "./docker-engine.ts";
import type { DockerSite, Listed } from "./docker-site.ts";
import { inside } from "./lan.ts";

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

/** What book, engine and kernel say, each as sorted rows. */
export interface Seen {
  /** MAC and address of each endpoint. */
  readonly book: readonly string[];
  readonly engine: readonly string[];
  readonly kernel: readonly string[];
  /** Of the kernel's, those of links that are up; the others reach nobody. */
  readonly up: readonly string[];
  /** Addresses that are held; what was given back rests for a while. */
  readonly leases: readonly (string | undefined)[];
  readonly findings: readonly unknown[];
  /** Links on the host that wait for a runtime. */
  readonly waiting: readonly string[];
  /** Processes of containers that were starting when their engine died; it forgot them. */
  readonly orphans: readonly string[];
  /** Ids of Docker's networks. */
  readonly networks: {
    readonly book: readonly (string | undefined)[];
    readonly engine: readonly string[];
  };
}

/** Asks all three; nothing is compared. */
export async function look(site: DockerSite): Promise<Seen> {
  const [endpoints, leases, networks, status] = await Promise.all([
    site.ask("/v1/endpoints") as Promise<{ endpoints: readonly Listed[] }>,
    site.ask("/v1/leases") as Promise<{ leases: readonly Listed[] }>,
    site.ask("/v1/networks") as Promise<{ networks: readonly { origin?: { id: string } }[] }>,
    site.ask("/v1/status") as Promise<{ findings: readonly unknown[] }>,
  ]);
  const containers = await seenByEngine(site.engine);
  const namespaces = await seenByKernel(site.engine, containers);
  const held = leases.leases.filter(({ state }) => state === "held");
  const known = await site.engine.api("/networks", { keepalive: false });
  const ours = (known.body as readonly EngineNetwork[]).filter((row) => row.Driver === "landfall");
  return {
    book: endpoints.endpoints.map((row) => `${row.mac} ${row.addresses?.join(" ")}`).sort(),
    engine: containers.flatMap(({ attachments }) => attachments).sort(),
    kernel: [...namespaces.links].sort(),
    up: [...namespaces.up].sort(),
    leases: held.map(({ address }) => address).sort(),
    findings: status.findings,
    // All but the made parents of networks without one, and their other ends.
    waiting: ourLinks(site.engine).filter((line) => !/ lfn[0-9a-f]{10}p?@/.test(line)),
    orphans: namespaces.orphans,
    networks: {
      book: networks.networks.map(({ origin }) => origin?.id).sort(),
      engine: ours.map(({ Id }) => Id).sort(),
    },
  };
}

/** Every link on the host that has a name of ours. */
export function ourLinks({ lan }: DockerEngine): readonly string[] {
  const lines = inside(lan.host, "ip", "-o", "link").split("\n");
  return lines.filter((line) => / lf/.test(line));
}

/** What `look` shows when all agree: as many endpoints as the kernel has links. */
export function agreed({ kernel, networks }: Seen): Seen {
  const addresses = kernel.map((row) => row.replace(/^\S+ /, "").replace(/\/\d+$/, ""));
  return {
    ...{ book: kernel, engine: kernel, kernel, up: kernel },
    ...{ leases: [...new Set(addresses)].sort(), findings: [], waiting: [], orphans: [] },
    networks: { book: networks.engine, engine: networks.engine },
  };
}

interface EngineNetwork {
  readonly Id: string;
  readonly Driver: string;
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

/** Every container, running or not, as `docker inspect` tells of it. */
export async function seenByEngine(engine: DockerEngine): Promise<readonly StormContainer[]> {
  const fresh = { keepalive: false };
  const { body } = await engine.api("/containers/json?all=true", fresh);
  const asked = (body as readonly { Id: string }[]).map(({ Id }) =>
    engine.api(`/containers/${Id}/json`, fresh),
  );
  const told = (await Promise.all(asked)).filter(({ status }) => status === 200);
  const listed = await endpointsOf(engine);
  return told.map(({ body: row }) => containerOf(row as Inspected, listed));
}

/** Ids of the endpoints that its networks have, as `docker network inspect` tells of them. */
async function endpointsOf(engine: DockerEngine): Promise<ReadonlySet<string>> {
  const fresh = { keepalive: false };
  const { body } = await engine.api("/networks", fresh);
  const ids = (body as readonly EngineNetwork[]).map(({ Id }) => Id);
  const told = await Promise.all(ids.map((id) => engine.api(`/networks/${id}`, fresh)));
  const attached = told.flatMap(({ body: row }) =>
    Object.values((row as { Containers?: Record<string, Attachment> }).Containers ?? {}),
  );
  return new Set(attached.map(({ EndpointID }) => EndpointID));
}

function containerOf(
  { Name, State, NetworkSettings }: Inspected,
  listed: ReadonlySet<string>,
): StormContainer {
  const networks = Object.entries(NetworkSettings.Networks);
  // 20.10 keeps the wish of a connect that was refused, without an endpoint.
  const linked = networks.filter(([, row]) => row.EndpointID !== "");
  // An engine that was killed goes on to tell what a container had that died with it.
  const living = State.Pid === 0 ? [] : linked;
  // 20.10 goes on to tell of an endpoint that it could not join, and deleted.
  const now = living.filter(([, row]) => listed.has(row.EndpointID));
  return {
    name: Name.slice(1),
    pid: State.Pid,
    networks: networks.map(([name]) => name),
    connected: (State.Pid === 0 ? networks : linked).map(([name]) => name),
    attachments: now.map(([, row]) => `${row.MacAddress} ${row.IPAddress}/${row.IPPrefixLen}`),
  };
}

interface SeenLink {
  readonly ifname: string;
  readonly address: string;
  readonly flags: readonly string[];
  readonly addr_info: readonly SeenAddress[];
}

interface SeenAddress {
  readonly family: string;
  readonly local: string;
  readonly prefixlen: number;
}

interface SeenNamespaces {
  /** MAC and IPv4 addresses of each link but lo, by `ip -j`. */
  readonly links: readonly string[];
  readonly up: readonly string[];
  readonly orphans: readonly string[];
}

/**
 * What is in the namespaces of the host but its own, also in those that the engine has forgotten. A
 * namespace lives by its processes, or by a mount; what ended meanwhile is none.
 */
async function seenByKernel(
  engine: DockerEngine,
  containers: readonly StormContainer[],
): Promise<SeenNamespaces> {
  const { stdout } = await engine.inside("sh", "-c", listNamespaces);
  const rows: readonly SeenNamespace[] = stdout.split("\n").filter(Boolean).map(namespaceOf);
  const known = rows.filter(({ pid }) => containers.some((container) => container.pid === pid));
  const orphans = rows.filter(({ inode }) => !known.some((row) => row.inode === inode));
  const all = [...new Map(rows.map(({ inode, links }) => [inode, links])).values()].flat();
  const links = all.filter(({ ifname }) => ifname !== "lo");
  return {
    links: links.map(wordsOf),
    up: links.filter(({ flags }) => flags.includes("UP")).map(wordsOf),
    orphans: orphans.flatMap(({ pid }) => (pid === 0 ? [] : [`${pid}`])),
  };
}

/** A line for each process and mount: PID (0 for a mount), inode, links. */
const listNamespaces = `
  own=$(stat -Lc %i /proc/self/ns/net)
  for path in /proc/[0-9]*/ns/net /run/docker/netns/*; do
    inode=$(stat -Lc %i "$path" 2>&-) && [ "$inode" != "$own" ] || continue
    links=$(nsenter --net="$path" ip -j addr show 2>&-) || continue
    pid=\${path#/proc/} pid=\${pid%/ns/net}
    case $pid in */*) pid=0 ;; esac
    echo "$pid $inode $links"
  done`;

interface SeenNamespace {
  readonly pid: number;
  readonly inode: string;
  readonly links: readonly SeenLink[];
}

function namespaceOf(line: string): SeenNamespace {
  const [, pid = "", inode = "", links = ""] = /^(\d+) (\d+) (.*)$/.exec(line) ?? [];
  return { pid: Number(pid), inode, links: JSON.parse(links) };
}

/** As a person does it who is told that something still lives. */
export async function endOrphans(engine: DockerEngine, orphans: readonly string[]): Promise<void> {
  await engine.inside("sh", "-c", `kill -s KILL ${orphans.join(" ")}`);
}

function wordsOf({ address, addr_info }: SeenLink): string {
  const ipv4 = addr_info.filter(({ family }) => family === "inet");
  return [address, ...ipv4.map(({ local, prefixlen }) => `${local}/${prefixlen}`)].join(" ");
}
