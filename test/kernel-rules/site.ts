import type { End } from "./frames.ts";

/** MACs are 02:00:00:00:00:XX everywhere, and say whose they are. */
export const macOf = (last: string): string => `02:00:00:00:00:${last}`;

export const host: End = { mac: macOf("10"), ip: "10.0.0.10" };
export const lan: End = { mac: macOf("01"), ip: "10.0.0.1" };
/** ipvlan links have their parent's MAC. */
export const a: End = { mac: host.mac, ip: "10.0.0.2" };
export const b: End = { mac: host.mac, ip: "10.0.0.3" };

/** The host's p0 and the LAN's s0 are two ends of a cable. */
export const cable = `
  host: ip link add p0 address ${host.mac} type veth peer name s0 address ${lan.mac} netns lan
  host: ip address add ${host.ip}/24 dev p0
  host: ip link set p0 up
  lan: ip address add ${lan.ip}/24 dev s0
  lan: ip link set s0 up
`;

/** Links a0 and b0 of a kind on the host's p0, each in a namespace of its own. */
export function pair(kind: string): string {
  return `
    host: ip link add a0 link p0 netns a type ${kind}
    host: ip link add b0 link p0 netns b type ${kind}
    a: ip address add ${a.ip}/24 dev a0
    a: ip link set a0 up
    b: ip address add ${b.ip}/24 dev b0
    b: ip link set b0 up
  `;
}
