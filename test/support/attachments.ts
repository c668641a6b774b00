import { parseInterfaceAddress, parseIp, parsePrefix, parseRange } from "../../src/addr/index.ts";
import type { AttachmentKey, IfName, NetworkName, NetworkSpec } from "../../src/domain/index.ts";
import type { AddressSet, AttachmentRequest, GivenAddress } from "../../src/engine/index.ts";
import type { NetnsHandle } from "../../src/platform/index.ts";
import { must } from "./must.ts";

export const ip = (text: string) => must(parseIp(text));
export const pods = "cni-pods" as NetworkName;
export const directory = "/var/lib/cni/networks/pods";

export function key(containerId: string, ifname = "eth0"): AttachmentKey {
  return { network: "pods", containerId, ifname: ifname as IfName };
}

/** The network of the configuration "pods" on p0, as the CNI side asks for it. */
export function podsSpec(change: Partial<NetworkSpec> = {}): NetworkSpec {
  return {
    ...{ name: pods, parent: "p0" as IfName, driver: { kind: "macvlan", mode: "bridge" } },
    ...{ subnets: [], routes: [], reach: "routed", addressing: "none" },
    routers: [ip("10.0.0.1")],
    origin: { kind: "cni", name: "pods", digest: "d1" },
    ...change,
  };
}

/** A set of ranges in 10.0.0.0/24 or fd00::/64, with the router that ends in 1. */
export function addressSet(index: number, ranges: readonly string[], requested?: string) {
  const pools = ranges.map((text) => {
    const range = must(parseRange(text));
    const v4 = range.version === 4;
    const prefix = must(parsePrefix(v4 ? "10.0.0.0/24" : "fd00::/64"));
    return { prefix, range, gateway: ip(v4 ? "10.0.0.1" : "fd00::1") };
  });
  const set: AddressSet = { index, pools };
  return requested === undefined ? set : { ...set, requested: ip(requested) };
}

export function given(text: string, gateway?: string): GivenAddress {
  const address = must(parseInterfaceAddress(text));
  return { address, ...(gateway === undefined ? {} : { gateway: ip(gateway) }) };
}

/** An attachment of container "c1" as eth0, with one address of 10.0.0.50 to .53 and its file. */
export function addRequest(
  netns: NetnsHandle,
  change: Partial<AttachmentRequest> = {},
): AttachmentRequest {
  return {
    ...{ key: key("c1"), network: pods },
    sandbox: { netns, path: `/proc/self/fd/${netns.fd}` },
    addressing: { kind: "sets", sets: [addressSet(0, ["10.0.0.50-10.0.0.53"])] },
    allocationFiles: { directory },
    ...change,
  };
}
