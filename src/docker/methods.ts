import type { z } from "zod";
import { err, ok, type Problem, type Result } from "../base/index.ts";
import { createEndpoint, deleteEndpoint, join } from "./endpoint-driver.ts";
import {
  addressSpaces,
  releaseAddress,
  releasePool,
  requestAddress,
  requestPool,
} from "./ipam-driver.ts";
import { createNetwork, deleteNetwork } from "./network-driver.ts";
import type { Answer, Call, Ports } from "./ports.ts";
import { requestUnreadable, requestWithoutBody, swarmUnsupported } from "./problems.ts";
import * as protocol from "./protocol.ts";

/** A method of the protocol: its request is read, then done. */
export type Method = (ports: Ports, body: unknown, call: Call) => Answer;

/** Every method, by the path that Docker posts it to. */
export const methods: Readonly<Record<string, Method>> = {
  "Plugin.Activate": says({ Implements: ["NetworkDriver", "IpamDriver"] }),
  "NetworkDriver.GetCapabilities": says({
    Scope: "local",
    ConnectivityScope: "global",
    GwAllocChecker: true,
  }),
  // Only a gateway that the user named is a gateway.
  "NetworkDriver.GwAllocCheck": says({ SkipIPv4: true, SkipIPv6: true }),
  "NetworkDriver.AllocateNetwork": refusesSwarm(),
  "NetworkDriver.FreeNetwork": refusesSwarm(),
  "NetworkDriver.CreateNetwork": method(protocol.networkRequest, createNetwork),
  "NetworkDriver.DeleteNetwork": method(protocol.networkOnly, deleteNetwork),
  "NetworkDriver.CreateEndpoint": method(protocol.endpointRequest, createEndpoint),
  // It is asked for published ports after each start; containers on the LAN have none.
  "NetworkDriver.EndpointOperInfo": says({ Value: {} }),
  "NetworkDriver.Join": method(protocol.joinRequest, join),
  // The link comes back to the host after this, and is deleted with the endpoint.
  "NetworkDriver.Leave": says({}),
  "NetworkDriver.DeleteEndpoint": method(protocol.endpointOnly, deleteEndpoint),
  // Containers are on the LAN itself: there is no port to publish and no peer to tell.
  "NetworkDriver.ProgramExternalConnectivity": says({}),
  "NetworkDriver.RevokeExternalConnectivity": says({}),
  "NetworkDriver.DiscoverNew": says({}),
  "NetworkDriver.DiscoverDelete": says({}),
  "IpamDriver.GetCapabilities": says({ RequiresMACAddress: false, RequiresRequestReplay: false }),
  "IpamDriver.GetDefaultAddressSpaces": says({
    LocalDefaultAddressSpace: addressSpaces.local,
    GlobalDefaultAddressSpace: addressSpaces.global,
  }),
  "IpamDriver.RequestPool": method(protocol.poolRequest, requestPool),
  "IpamDriver.ReleasePool": method(protocol.poolOnly, releasePool),
  "IpamDriver.RequestAddress": method(protocol.addressRequest, requestAddress),
  "IpamDriver.ReleaseAddress": method(protocol.addressRelease, releaseAddress),
};

function method<T>(
  schema: z.ZodType<T>,
  handle: (ports: Ports, request: T, call: Call) => Answer,
): Method {
  return async (ports, body, call) => {
    const read = readWith(schema, body, call);
    return read.ok ? await handle(ports, read.value, call) : read;
  };
}

/** A method whose answer is always the same, whatever the request says. */
function says(answer: object): Method {
  return async () => ok(answer);
}

function refusesSwarm(): Method {
  return method(protocol.networkOnly, async (_, { NetworkID: id }) =>
    err(swarmUnsupported({ id })),
  );
}

function readWith<T>(schema: z.ZodType<T>, body: unknown, { name }: Call): Result<T, Problem> {
  const read = schema.safeParse(body);
  if (read.success) return ok(read.data);
  // The engine's second attempt sends what its first left of the text: nothing.
  if (Bun.deepEquals(body, {})) return err(requestWithoutBody({ method: name }));
  const [issue] = read.error.issues;
  const where = issue?.path.map(String).join(".") || "the body";
  return err(requestUnreadable({ method: name, reason: `${where}: ${issue?.message}` }));
}
