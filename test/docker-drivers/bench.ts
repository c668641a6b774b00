import type { DockerSite } from "../support/docker-site.ts";
import { inside, type SeenLink, seenLinks } from "../support/lan.ts";

/** A network of ours, in the words of the engine's API. */
export interface Wish {
  /** Of the driver, such as `parent` and `ipvlan_mode`. */
  readonly options?: Readonly<Record<string, string>>;
  readonly subnets: readonly {
    readonly Subnet: string;
    readonly Gateway?: string;
    readonly IPRange?: string;
  }[];
  readonly is?: "internal";
}

/** The addresses that a container asks for. */
export interface Place {
  readonly ip?: string;
  readonly ip6?: string;
}

/**
 * What a case does its work with: an engine, Landfall as its plugin, a LAN beside the host, and two
 * containers `c1` and `c2` without a network. Starting a container takes seconds on a user-mode
 * kernel, so those two are connected and disconnected; what is inside is looked at by the host's
 * own iproute2 and ping, in the container's namespace.
 */
export interface Bench {
  readonly site: DockerSite;
  /** Undefined when it was done, else the engine's words. */
  readonly create: (name: string, wish: Wish) => Promise<string | undefined>;
  readonly remove: (network: string) => Promise<string | undefined>;
  readonly connect: (name: string, network: string, at?: Place) => Promise<string | undefined>;
  readonly disconnect: (name: string, network: string) => Promise<string | undefined>;
  /** What a command in the container's namespace prints, also where it fails. */
  readonly see: (name: string, ...command: readonly string[]) => Promise<string>;
  readonly reaches: (name: string, to: string) => Promise<boolean>;
  /** The address that Docker's resolver in the container knows of a name. */
  readonly resolve: (name: string, wanted: string) => Promise<string | undefined>;
  /** The container's only link but lo, as `ip -d` shows it. */
  readonly linkIn: (name: string) => Promise<string>;
  /**
   * Both versions' default routes, as `ip` shows them in the container, without metrics and the
   * number that Docker gives to a link: it counts all that the container ever had.
   */
  readonly defaultRoutes: (name: string) => Promise<readonly string[]>;
  /** Addresses and gateways as the engine says them. */
  readonly attachment: (name: string, network: string) => Promise<Attachment>;
  readonly networks: () => Promise<readonly string[]>;
  /** The host's links but lo, by name: the kernel's order is of their indexes, modulo 256. */
  readonly links: () => readonly string[];
  readonly linkOf: (name: string) => SeenLink | undefined;
  readonly host: (...command: readonly string[]) => string;
  readonly lan: (...command: readonly string[]) => string;
}

/** A row of NetworkSettings.Networks of an inspected container. */
export interface Attachment {
  readonly IPAddress: string;
  readonly Gateway: string;
  readonly IPv6Gateway: string;
}

export const containers = ["c1", "c2"] as const;

/** What only the name server on the LAN knows, which is the one that containers are given. */
export const OUTSIDE = { name: "outside.example", address: "192.0.2.80" } as const;
/** Docker's own, in every sandbox. */
const RESOLVER = "127.0.0.11";

export async function openBench(site: DockerSite): Promise<Bench> {
  const { engine } = site;
  for (const name of containers) {
    await engine.docker("run", "--detach", `--name=${name}`, "--network=none", "busybox");
    // A container that was on no network at all can be connected to any.
    await engine.docker("network", "disconnect", "none", name);
  }
  const post = async (path: string, body: object): Promise<string | undefined> => {
    const headers = { "content-type": "application/json" };
    const init = { method: "POST", headers, body: JSON.stringify(body) };
    return refusalOf(await engine.api(path, init));
  };
  const inspect = async (name: string): Promise<Inspected> =>
    (await engine.api(`/containers/${name}/json`)).body as Inspected;
  const enter = async (name: string, ...command: readonly string[]) => {
    const { SandboxKey } = (await inspect(name)).NetworkSettings;
    return await engine.inside("nsenter", `--net=${SandboxKey}`, "--", ...command);
  };
  const see: Bench["see"] = async (name, ...command) => {
    const { stdout, stderr } = await enter(name, ...command);
    return stdout + stderr;
  };
  const links = () => seenLinks(engine.lan.host);
  return {
    site,
    see,
    create: (name, wish) => post("/networks/create", { Name: name, ...bodyOf(wish) }),
    remove: async (network) =>
      refusalOf(await engine.api(`/networks/${network}`, { method: "DELETE" })),
    connect: (name, network, at = {}) =>
      post(`/networks/${network}/connect`, { Container: name, EndpointConfig: endpointOf(at) }),
    disconnect: (name, network) => post(`/networks/${network}/disconnect`, { Container: name }),
    // On a busy machine the first packet to a new IPv6 address was seen to be lost, and no other.
    reaches: async (name, to) =>
      (await enter(name, "ping", "-n", "-c2", "-i0.3", "-W2", to)).status === 0,
    resolve: async (name, wanted) => {
      const ask = ["busybox", "nslookup", "-type=a", "-timeout=1", "-retry=1", wanted, RESOLVER];
      return (await see(name, ...ask)).match(/^Name:.*\nAddress: (\S+)$/m)?.[1];
    },
    linkIn: async (name) => {
      const [shown = ""] = (await see(name, "ip", "-d", "link", "show")).match(/: eth.*/s) ?? [];
      return shown;
    },
    defaultRoutes: async (name) => {
      const routes = await see(name, "sh", "-c", "ip route; ip -6 route");
      const lines = [...routes.matchAll(/^(default (?:via \S+ )?dev eth)\d+ /gm)];
      return lines.map(([, line = ""]) => line);
    },
    attachment: async (name, network) => {
      const row = (await inspect(name)).NetworkSettings.Networks[network];
      if (row === undefined) throw new Error(`${name} is not on ${network}`);
      return row;
    },
    networks: async () => {
      const filters = encodeURIComponent(JSON.stringify({ driver: ["landfall"] }));
      const { body } = await engine.api(`/networks?filters=${filters}`);
      return (body as readonly { readonly Name: string }[]).map(({ Name }) => Name).toSorted();
    },
    links: () =>
      links()
        .map(({ ifname }) => ifname)
        .toSorted(),
    linkOf: (name) => links().find(({ ifname }) => ifname === name),
    host: (...command) => inside(engine.lan.host, ...command),
    lan: (...command) => inside(engine.lan.machine, ...command),
  };
}

interface Inspected {
  readonly NetworkSettings: {
    readonly SandboxKey: string;
    readonly Networks: Readonly<Record<string, Attachment>>;
  };
}

function refusalOf({ status, body }: { readonly status: number; readonly body: unknown }) {
  return status < 300 ? undefined : (body as { readonly message: string }).message;
}

function bodyOf({ options = {}, subnets, is }: Wish): object {
  return {
    ...{ Driver: "landfall", Options: options, Internal: is === "internal", CheckDuplicate: true },
    EnableIPv6: subnets.some(({ Subnet }) => Subnet.includes(":")),
    IPAM: { Driver: "landfall", Config: subnets },
  };
}

function endpointOf({ ip, ip6 }: Place): object {
  return { IPAMConfig: { IPv4Address: ip, IPv6Address: ip6 } };
}

/** Takes away what a case made, and says what is not in order then. */
export async function tidyUp(bench: Bench): Promise<readonly string[]> {
  const { site, disconnect, remove, networks, links } = bench;
  for (const network of await networks()) {
    for (const name of containers) await disconnect(name, network);
    await remove(network);
  }
  const ask = async (what: string) =>
    (await site.ask(`/v1/${what}`)) as { readonly [key: string]: unknown };
  const book = { ...(await ask("endpoints")), ...(await ask("networks")) };
  const left = { endpoints: book.endpoints, networks: book.networks, links: links() };
  const wanted = { endpoints: [], networks: [], links: ["p0"] };
  return Bun.deepEquals(left, wanted) ? [] : [JSON.stringify(left)];
}
