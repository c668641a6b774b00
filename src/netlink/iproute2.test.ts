import { expect, test } from "bun:test";
import { seconds } from "../base/index.ts";
import { recorded } from "./fixtures/iproute2.ts";
import { interfaceAddress, ip, mac, prefix } from "./fixtures/values.ts";
import {
  addAddress,
  addFdb,
  addLink,
  addNeighbour,
  addRoute,
  deleteAddress,
  deleteFdb,
  deleteLink,
  deleteNeighbour,
  deleteRoute,
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

/** NLM_F_REQUEST and NLM_F_ACK, which the transport adds to every request. */
const TRANSPORT_FLAGS = 0x5;

test("every recording has its request", () => {
  expect(requests.length).toBe(recorded.length);
});

for (const [index, { command, type, flags, payload }] of recorded.entries()) {
  test(`${command}: our request is what iproute2 sends, and says so`, () => {
    const request = requests[index];
    expect(request?.command).toBe(command);
    expect(request?.type).toBe(type);
    expect((request?.flags ?? 0) | TRANSPORT_FLAGS).toBe(flags);
    expect(request?.payload.bytes.toHex()).toBe(payload);
  });
}
