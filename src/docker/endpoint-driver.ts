import {
  type InterfaceAddress,
  type Ip,
  interfaceAddressIp,
  ipVersion,
  parseMac,
} from "../addr/index.ts";
import { collect, err, mapResult, ok, type Problem, type Result } from "../base/index.ts";
import type { Endpoint, ExtraRoute } from "../domain/index.ts";
import type { HandoverRequest } from "../engine/index.ts";
import { parseEndpointOptions } from "./endpoint-options.ts";
import { findNetwork } from "./find-network.ts";
import type { Answer, Call, Ports } from "./ports.ts";
import { networkUnknown } from "./problems.ts";
import { type EndpointRequest, readAddress } from "./protocol.ts";

/** Docker counts on from it: eth0, eth1, … */
const NAME_IN_SANDBOX = "eth";
/** libnetwork's types.NEXTHOP and types.CONNECTED. */
const ROUTE_NEXT_HOP = 0;
const ROUTE_CONNECTED = 1;

/** NetworkDriver.CreateEndpoint: the link is made here, on the host, and Docker takes it along. */
export async function createEndpoint(ports: Ports, request: EndpointRequest, call: Call): Answer {
  const found = await findNetwork(ports.handover, request.NetworkID);
  if (!found.ok) return found;
  if (found.value === undefined) return err(networkUnknown({ id: request.NetworkID }));
  const wanted = wantedOf(request);
  if (!wanted.ok) return wanted;
  const network = found.value.name;
  const { addresses } = wanted.value;
  const workload = wanted.value.workload ?? ports.workloads.find(network, addresses);
  const prepared = await ports.handover.prepare({
    ...wanted.value,
    ...{ network, runtimeId: request.EndpointID, signal: call.signal },
    ...(workload === undefined ? {} : { workload }),
  });
  if (!prepared.ok) return prepared;
  call.warn(prepared.value.warnings);
  return ok(whatWasEmpty(request, prepared.value.endpoint));
}

type WantedEndpoint = Omit<HandoverRequest, "network" | "runtimeId" | "signal">;

function wantedOf({ Interface, Options }: EndpointRequest): Result<WantedEndpoint, Problem> {
  const options = parseEndpointOptions(Options);
  if (!options.ok) return options;
  const given = [Interface.Address, Interface.AddressIPv6].filter((text) => text !== undefined);
  const addresses: Result<readonly Ip[], Problem> = collect(given.map(readAddress));
  if (!addresses.ok) return addresses;
  const wanted = { ...options.value, addresses: addresses.value };
  if (Interface.MacAddress === undefined) return ok(wanted);
  return mapResult(parseMac(Interface.MacAddress), (mac) => ({ ...wanted, mac }));
}

/** Docker takes a field that it gave, and that comes back, for an attempt to change it. */
function whatWasEmpty({ Interface }: EndpointRequest, endpoint: Endpoint): object {
  const address = (version: 4 | 6): InterfaceAddress | undefined =>
    endpoint.addresses.find((given) => ipVersion(interfaceAddressIp(given)) === version);
  // JSON leaves out what is undefined.
  return {
    Interface: {
      Address: Interface.Address === undefined ? address(4) : undefined,
      AddressIPv6: Interface.AddressIPv6 === undefined ? address(6) : undefined,
      MacAddress: Interface.MacAddress === undefined ? endpoint.link.mac : undefined,
    },
  };
}

interface EndpointOnly {
  readonly EndpointID: string;
}

interface JoinRequest extends EndpointOnly {
  readonly SandboxKey: string;
}

/** NetworkDriver.Join: what Docker is to do with the link once it is in the sandbox. */
export async function join(ports: Ports, request: JoinRequest, call: Call): Answer {
  const { EndpointID, SandboxKey } = request;
  const expected = await ports.handover.expectIn(EndpointID, SandboxKey);
  if (!expected.ok) return expected;
  const { endpoint, warnings } = expected.value;
  call.warn(warnings);
  const gateway = (version: 4 | 6): Ip | undefined =>
    endpoint.gateways.find((ip) => ipVersion(ip) === version);
  return ok({
    InterfaceName: { SrcName: endpoint.link.madeAs, DstPrefix: NAME_IN_SANDBOX },
    Gateway: gateway(4),
    GatewayIPv6: gateway(6),
    StaticRoutes: endpoint.routes.map(staticRoute),
    // Without a gateway Docker would put the container on a NAT bridge of its own, past the LAN.
    DisableGatewayService: true,
  });
}

function staticRoute({ to, via }: ExtraRoute): object {
  return via === undefined
    ? { Destination: to, RouteType: ROUTE_CONNECTED }
    : { Destination: to, RouteType: ROUTE_NEXT_HOP, NextHop: via };
}

/** NetworkDriver.DeleteEndpoint: nothing there is a success, for Docker only logs a refusal. */
export async function deleteEndpoint(ports: Ports, { EndpointID }: EndpointOnly): Answer {
  return mapResult(await ports.handover.withdraw(EndpointID), () => ({}));
}
