import type { DockerEngine } from "../docker-engine.ts";
import type { Answer, Answers } from "../docker-recorder.ts";

/**
 * The smallest plugin with which containers work: addresses from .130 up, macvlan links on p0 made
 * by iproute2. It has no book and checks nothing; it is there to be asked.
 */
export function standIn(engine: DockerEngine): Answers {
  return { ...ipamAnswers(), ...driverAnswers(engine) };
}

/** A refusal as the plugin protocol wants it: the driver reads `Err`, the IPAM `Error`. */
export function refusal(words: string): Answer {
  return { reply: { Err: words, Error: words } };
}

const nothing = (): Answer => ({ reply: {} });

function ipamAnswers(): Answers {
  let pools = 0;
  let addresses = 129;
  return {
    "Plugin.Activate": () => ({ reply: { Implements: ["NetworkDriver", "IpamDriver"] } }),
    "IpamDriver.GetCapabilities": nothing,
    "IpamDriver.GetDefaultAddressSpaces": () => ({
      reply: { LocalDefaultAddressSpace: "landfall", GlobalDefaultAddressSpace: "landfall" },
    }),
    "IpamDriver.RequestPool": (request) => {
      const { Pool, V6 } = request as { Pool: string; V6: boolean };
      pools += 1;
      const chosen = V6 ? `fd00:0:0:${pools}::/64` : `10.0.${pools - 1}.0/24`;
      return { reply: { PoolID: Pool || chosen, Pool: Pool || chosen, Data: {} } };
    },
    "IpamDriver.ReleasePool": nothing,
    "IpamDriver.RequestAddress": (request) => {
      const { PoolID, Address } = request as { PoolID: string; Address: string };
      const [network = "", length = ""] = PoolID.split("/");
      addresses += 1;
      // 10.0.0.0 or fd00:: with a number for the host; as good in hexadecimal.
      const chosen = Address || network.replace(/\.0$/, ".").concat(String(addresses));
      return { reply: { Address: `${chosen}/${length}`, Data: {} } };
    },
    "IpamDriver.ReleaseAddress": nothing,
  };
}

interface EndpointRequest {
  readonly NetworkID: string;
  readonly EndpointID: string;
  /** In Join only. */
  readonly SandboxKey?: string;
  readonly Interface?: { readonly Address: string; readonly MacAddress: string } | null;
  readonly Options?: Readonly<Record<string, string>> | null;
}

interface NetworkRequest {
  readonly NetworkID: string;
  readonly IPv4Data?: readonly PoolData[] | null;
  readonly IPv6Data?: readonly PoolData[] | null;
}

interface PoolData {
  readonly Gateway?: string;
}

/** `answers` with Join's reply changed. */
export function joinWith(answers: Answers, change: Readonly<Record<string, unknown>>): Answers {
  return {
    "NetworkDriver.Join": async (request) => {
      const answer = await answers["NetworkDriver.Join"]?.(request);
      return { ...answer, reply: { ...Object(answer?.reply), ...change } };
    },
  };
}

const linkOf = ({ EndpointID }: EndpointRequest): string => `lf${EndpointID.slice(0, 7)}`;

function driverAnswers(engine: DockerEngine): Answers {
  const gateways = new Map<string, { readonly Gateway: string; readonly GatewayIPv6: string }>();
  const macs = new Map<string, string>();
  const names = new Map<string, string>();
  return {
    "NetworkDriver.GetCapabilities": () => ({
      reply: { Scope: "local", ConnectivityScope: "global", GwAllocChecker: true },
    }),
    "NetworkDriver.GwAllocCheck": () => ({ reply: { SkipIPv4: false, SkipIPv6: false } }),
    "NetworkDriver.CreateNetwork": (request) => {
      const { NetworkID, IPv4Data, IPv6Data } = request as NetworkRequest;
      const Gateway = bare(IPv4Data?.[0]?.Gateway);
      gateways.set(NetworkID, { Gateway, GatewayIPv6: bare(IPv6Data?.[0]?.Gateway) });
      return { reply: {} };
    },
    "NetworkDriver.DeleteNetwork": nothing,
    "NetworkDriver.CreateEndpoint": (request) => {
      const { EndpointID, Interface, Options } = request as EndpointRequest;
      const MacAddress = `02:4c:46:00:00:${String(macs.size + 10)}`;
      names.set(EndpointID, Options?.["com.docker.network.endpoint.ifname"] ?? "");
      macs.set(EndpointID, Interface?.MacAddress || MacAddress);
      // What the engine gave must not be returned, not even unchanged.
      const mac = Interface?.MacAddress ? {} : { MacAddress };
      const address = Interface?.Address ? {} : { Address: "10.0.0.190/24" };
      return { reply: { Interface: { ...mac, ...address } } };
    },
    "NetworkDriver.EndpointOperInfo": () => ({ reply: { Value: {} } }),
    "NetworkDriver.Join": async (request) => {
      const endpoint = request as EndpointRequest;
      const mac = macs.get(endpoint.EndpointID) ?? "";
      const SrcName = linkOf(endpoint);
      const macvlan = ["type", "macvlan", "mode", "bridge"];
      const link = ["ip", "link", "add", SrcName, "link", "p0", "address", mac, ...macvlan];
      const { status, stderr } = await engine.inside(...link);
      if (status !== 0) return refusal(stderr);
      const DstName = names.get(endpoint.EndpointID) ?? "";
      const InterfaceName = { SrcName, DstPrefix: "eth", ...(DstName === "" ? {} : { DstName }) };
      const network = gateways.get(endpoint.NetworkID) ?? { Gateway: "", GatewayIPv6: "" };
      const sandbox = await engine.inside("test", "-e", endpoint.SandboxKey ?? "");
      return {
        reply: { InterfaceName, ...network, DisableGatewayService: true },
        seen: `sandbox ${sandbox.status === 0 ? "there" : "not there"}`,
      };
    },
    "NetworkDriver.Leave": nothing,
    "NetworkDriver.ProgramExternalConnectivity": nothing,
    "NetworkDriver.RevokeExternalConnectivity": nothing,
    "NetworkDriver.DeleteEndpoint": async (request) => {
      const { status } = await engine.inside(
        "ip",
        "link",
        "del",
        linkOf(request as EndpointRequest),
      );
      return { reply: {}, seen: `link ${status === 0 ? "on the host" : "gone"}` };
    },
  };
}

const bare = (cidr: string | undefined): string => cidr?.split("/")[0] ?? "";
