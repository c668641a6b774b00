import { expect, test } from "bun:test";
import { seconds } from "../base/index.ts";
import { recorded } from "./fixtures/iproute2.ts";
import { recordedKinds } from "./fixtures/iproute2-kinds.ts";
import { interfaceAddress, ip, ip6, mac, prefix } from "./fixtures/values.ts";
import {
  addAddress,
  addBridgeVlan,
  addFdb,
  addLink,
  addNeighbour,
  addRoute,
  deleteAddress,
  deleteBridgeVlan,
  deleteFdb,
  deleteLink,
  deleteNeighbour,
  deleteRoute,
  listBridgeVlans,
  type Request,
  replaceAddress,
  replaceFdb,
  replaceNeighbour,
  replaceRoute,
  setLink,
} from "./index.ts";

const p0 = { ifindex: 10, name: "p0" };
const p1 = { ifindex: 11, name: "p1" };
const m8 = { ifindex: 12, name: "m8" };
const m0 = { ifindex: 30, name: "m0" };

/** What iproute2 was asked in each recording, in our words and in the same order. */
const requests: readonly Request[] = [
  addLink({
    kind: "macvlan",
    name: "m0",
    ifindex: 30,
    mac: mac("02:00:00:00:00:30"),
    mtu: 1400,
    txQueueLen: 50,
    group: 9,
    state: "up",
    parent: p0,
    mode: { kind: "bridge" },
    bcQueueLen: 44,
  }),
  addLink({
    kind: "macvlan",
    name: "m1",
    ifindex: 31,
    parent: p0,
    mode: {
      kind: "source",
      allowedMacs: [mac("02:00:00:00:00:01"), mac("02:00:00:00:00:02")],
      flags: ["nodst"],
    },
  }),
  addLink({ kind: "macvtap", name: "t0", ifindex: 35, parent: p0, mode: { kind: "vepa" } }),
  addLink({
    kind: "veth",
    name: "v0",
    ifindex: 32,
    peer: { name: "v1", ifindex: 33, mac: mac("02:00:00:00:00:33"), mtu: 1400 },
  }),
  addLink({
    kind: "bridge",
    name: "br1",
    ifindex: 34,
    ageingTime: seconds(10),
    forwardDelay: seconds(2),
    stp: "kernel",
    groupForwardMask: 0x4000,
    mcastSnooping: false,
  }),
  setLink({
    link: { ifindex: 12, name: "m9" },
    name: "m8",
    alias: "landfall:a:b",
    mtu: 1300,
    state: "up",
  }),
  setLink({ link: p1, upper: "none" }),
  setLink({ link: p1, upper: { ifindex: 20, name: "br0" } }),
  setLink({
    link: m8,
    details: { kind: "macvlan", allowedMacs: { kind: "add", mac: mac("02:00:00:00:00:01") } },
  }),
  setLink({ link: m8, addrGenMode: "none" }),
  setLink({ link: m0, details: { kind: "macvlan", mode: "private" } }),
  deleteLink({ ifindex: 32, name: "v0" }),
  addAddress({
    link: m0,
    address: interfaceAddress("10.0.0.2/24"),
    broadcast: ip("10.0.0.255"),
  }),
  addAddress({ link: m0, address: interfaceAddress("10.1.0.1/32"), peer: ip("10.1.0.2") }),
  addAddress({ link: m0, address: interfaceAddress("fd00::2/64"), flags: ["noprefixroute"] }),
  replaceAddress({ link: m0, address: interfaceAddress("10.0.0.2/24") }),
  deleteAddress({ link: m0, address: interfaceAddress("10.0.0.2/24") }),
  addRoute({
    to: prefix("0.0.0.0/0"),
    gateway: ip("10.0.0.254"),
    link: p0,
    metric: 5,
    source: ip("10.0.0.1"),
  }),
  addRoute({ to: prefix("10.9.0.0/16"), link: p0, table: 1000 }),
  replaceRoute({
    to: prefix("10.8.0.0/16"),
    gateway: ip("10.0.0.254"),
    link: p0,
    flags: ["onlink"],
  }),
  addRoute({ to: prefix("fd01::/64"), link: p0 }),
  deleteRoute({ to: prefix("0.0.0.0/0"), gateway: ip("10.0.0.254") }),
  addNeighbour({ link: p0, ip: ip("10.0.0.9"), mac: mac("02:00:00:00:00:09") }),
  replaceNeighbour({
    link: p0,
    ip: ip("10.0.0.9"),
    mac: mac("02:00:00:00:00:09"),
    state: "stale",
  }),
  deleteNeighbour({ link: p0, ip: ip("10.0.0.9") }),
  addFdb({
    link: p1,
    mac: mac("02:00:00:00:00:77"),
    table: "bridge",
    lifetime: "static",
    vlan: 7,
  }),
  replaceFdb({
    link: p1,
    mac: mac("02:00:00:00:00:79"),
    table: "bridge",
    lifetime: "dynamic",
  }),
  addFdb({ link: p0, mac: mac("02:00:00:00:00:78"), table: "self" }),
  deleteFdb({ link: p0, mac: mac("02:00:00:00:00:78"), table: "self" }),
];

const br0 = { ifindex: 20, name: "br0" };
const i0 = { ifindex: 41, name: "i0" };
const v10 = { ifindex: 45, name: "v10" };
const x0 = { ifindex: 46, name: "x0" };
const bo0 = { ifindex: 51, name: "bo0" };
const bridged = { link: p1, table: "bridge" } as const;
const range = { first: 100, last: 200 };

/** The same for `recordedKinds`. */
const kindRequests: readonly Request[] = [
  addLink({ kind: "ipvlan", ...i0, parent: p0, mode: "l2", flag: "bridge" }),
  addLink({ kind: "ipvlan", name: "i1", ifindex: 42, parent: p0, mode: "l3", flag: "private" }),
  addLink({ kind: "ipvtap", name: "i2", ifindex: 43, parent: p0, mode: "l3s", flag: "vepa" }),
  setLink({ link: i0, details: { kind: "ipvlan", mode: "l3s", flag: "private" } }),
  setLink({ link: i0, details: { kind: "ipvlan", flag: "bridge" } }),
  addLink({ kind: "vlan", ...v10, parent: p0, id: 10 }),
  addLink({
    kind: "vlan",
    name: "v11",
    ifindex: 47,
    mtu: 1400,
    parent: p0,
    protocol: "802.1ad",
    id: 11,
    flags: { reorderHdr: "off", gvrp: "on", mvrp: "on", looseBinding: "on", bridgeBinding: "on" },
    ingressQos: [
      { from: 1, to: 2 },
      { from: 7, to: 3 },
    ],
    egressQos: [
      { from: 0, to: 1 },
      { from: 5, to: 6 },
    ],
  }),
  setLink({
    link: v10,
    details: {
      kind: "vlan",
      flags: { gvrp: "off", reorderHdr: "on" },
      egressQos: [{ from: 0, to: 2 }],
    },
  }),
  addLink({ kind: "dummy", name: "d0", ifindex: 48 }),
  addLink({
    kind: "vxlan",
    name: "x1",
    ifindex: 49,
    id: 5,
    underlay: p0,
    local: ip("10.0.0.1"),
    remote: ip("10.0.0.2"),
    learning: "off",
    port: 4789,
  }),
  addLink({
    kind: "vxlan",
    name: "x2",
    ifindex: 50,
    id: 6,
    underlay: p0,
    local: ip6("fd00::1"),
    remote: ip6("ff05::100"),
    learning: "on",
    port: 4789,
  }),
  setLink({ link: x0, details: { kind: "vxlan", remote: ip("10.0.0.3"), learning: "on" } }),
  addLink({
    kind: "bond",
    name: "bo1",
    ifindex: 52,
    mode: "active-backup",
    miimon: 100,
    failOverMac: "active",
  }),
  setLink({ link: bo0, details: { kind: "bond", mode: "balance-alb" } }),
  setLink({ link: bo0, details: { kind: "bond", activePort: p0 } }),
  addLink({
    kind: "bridge",
    name: "br2",
    ifindex: 53,
    vlanFiltering: true,
    vlanProtocol: "802.1ad",
    defaultPvid: 0,
  }),
  setLink({ link: br0, details: { kind: "bridge", vlanFiltering: true, defaultPvid: 7 } }),
  addBridgeVlan({ ...bridged, vlans: 10 }),
  addBridgeVlan({ ...bridged, vlans: 10, flags: ["pvid", "untagged"] }),
  addBridgeVlan({ ...bridged, vlans: range, flags: ["untagged"] }),
  addBridgeVlan({ link: br0, table: "self", vlans: 10 }),
  deleteBridgeVlan({ ...bridged, vlans: 10 }),
  deleteBridgeVlan({ ...bridged, vlans: range }),
  deleteBridgeVlan({ link: br0, table: "self", vlans: 10 }),
];

/** NLM_F_REQUEST and NLM_F_ACK, which the transport adds to every request. */
const TRANSPORT_FLAGS = 0x5;

test("every recording has its request", () => {
  expect(requests.length).toBe(recorded.length);
  expect(kindRequests.length).toBe(recordedKinds.length);
});

const all = [...recorded, ...recordedKinds];
for (const [index, { command, type, flags, payload }] of all.entries()) {
  test(`${command}: our request is what iproute2 sends, and says so`, () => {
    const request = [...requests, ...kindRequests][index];
    expect(request?.command).toBe(command);
    expect(request?.type).toBe(type);
    expect((request?.flags ?? 0) | TRANSPORT_FLAGS).toBe(flags);
    expect(request?.payload.bytes.toHex()).toBe(payload);
  });
}

test("bridge -compressvlans vlan show: our question is iproute2's", () => {
  const question = listBridgeVlans();
  expect(question.command).toBe("bridge -compressvlans vlan show");
  // NLM_F_DUMP; the transport adds NLM_F_REQUEST.
  expect([question.type, question.flags]).toEqual([18, 0x300]);
  expect(question.payload.bytes.toHex()).toBe("0700000000000000000000000000000008001d0004000000");
});

test("what an ipvlan's request does not say, its parent keeps", () => {
  const mode = setLink({ link: i0, details: { kind: "ipvlan", mode: "l2" } });
  expect(mode.payload.bytes.toHex()).toBe(
    "000000002900000000000000000000001c0012000a0001006970766c616e00000c0002000600010000000000",
  );
});
