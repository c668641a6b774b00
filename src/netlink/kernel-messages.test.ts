import { describe, expect, test } from "bun:test";
import { readAddress } from "./address.ts";
import { readFdbEntry } from "./fdb.ts";
import { kernel } from "./fixtures/kernel.ts";
import { must } from "./fixtures/values.ts";
import { readLink } from "./link.ts";
import { encodeMessages, type RawMessage, splitMessages } from "./message.ts";
import { readNeighbour } from "./neighbour.ts";
import { encode, MessageType } from "./request.ts";
import { readRoute } from "./route.ts";
import { linkMessage } from "./tables/link-message.ts";

function message(type: number, hex: string): RawMessage {
  return { type, flags: 0, sequence: 1, portId: 1, payload: Uint8Array.fromHex(hex) };
}

const link = (hex: string) => must(readLink(message(MessageType.newLink, hex)));

describe("links, as iproute2 showed them when they were recorded", () => {
  test("loopback has no kind", () => {
    expect(link(kernel.loopback)).toMatchObject({
      ifindex: 1,
      name: "lo",
      hardware: 772,
      mac: "00:00:00:00:00:00",
      mtu: 65536,
      state: "down",
      flags: ["loopback"],
      details: undefined,
      parent: undefined,
    });
  });

  test("a veth has a peer and no parent", () => {
    expect(link(kernel.veth)).toMatchObject({
      ifindex: 10,
      name: "p0",
      mac: "02:00:00:00:00:10",
      state: "up",
      operState: "up",
      carrier: true,
      details: { kind: "veth" },
      peer: { ifindex: 11 },
      parent: undefined,
    });
  });

  test("a macvlan in mode source has its list, its flag and its parent", () => {
    expect(link(kernel.macvlan)).toMatchObject({
      ifindex: 12,
      name: "m9",
      mtu: 1400,
      alias: "landfall:a:b",
      parent: { ifindex: 10 },
      peer: undefined,
      details: {
        kind: "macvlan",
        mode: "source",
        flags: ["nodst"],
        macAddresses: ["02:00:00:00:00:02", "02:00:00:00:00:01"],
        macAddressCount: 2,
        bcQueueLen: 44,
        bcQueueLenUsed: 44,
      },
    });
  });

  test("a bridge has its options", () => {
    expect(link(kernel.bridge)).toMatchObject({
      ifindex: 20,
      details: {
        kind: "bridge",
        ageingTime: 30000,
        forwardDelay: 1500,
        stp: "off",
        priority: 32768,
        mcastSnooping: false,
        groupAddress: "01:80:c2:00:00:00",
        nfCallIptables: false,
      },
    });
  });

  test("a bridge port has its upper and what the bridge says of it", () => {
    expect(link(kernel.bridgePort)).toMatchObject({
      ifindex: 11,
      upper: 20,
      promiscuity: 1,
      details: { kind: "veth" },
      port: {
        kind: "bridge",
        state: "forwarding",
        priority: 32,
        cost: 2,
        hairpin: true,
        learning: true,
        unicastFlood: true,
        isolated: false,
        locked: false,
        portId: 0x8001,
      },
    });
  });

  test("a kind without a table keeps its name", () => {
    expect(link(kernel.ifb)?.details).toEqual({ kind: "other", name: "ifb" });
  });

  test("IPv4 settings are named by their index", () => {
    // Index 1 (forwarding) comes first; 22 is arp_notify, 33 arp_evict_nocarrier.
    expect(link(kernel.veth)?.inet).toMatchObject({
      forwarding: 0,
      acceptRedirects: 1,
      rpFilter: 0,
      arpNotify: 0,
      arpEvictNocarrier: 1,
    });
  });
});

for (const name of ["loopback", "veth", "macvlan", "bridge", "bridgePort", "ifb"] as const) {
  test(`the recorded ${name} loses nothing when it is written again`, () => {
    const first = must(linkMessage.read(Uint8Array.fromHex(kernel[name])));
    const again = must(linkMessage.read(encode(linkMessage, first).bytes));
    expect(again).toEqual(first);
    expect(first.attributes.unknown?.length).toBeGreaterThan(5);
  });
}

test("addresses say whose they are, who the peer is and how far they reach", () => {
  const read = (hex: string) => must(readAddress(message(MessageType.newAddress, hex)));
  expect<unknown>(read(kernel.address)).toEqual({
    ifindex: 10,
    address: "10.0.0.1/24",
    peer: undefined,
    broadcast: "10.0.0.255",
    label: "p0",
    scope: "global",
    flags: ["permanent"],
  });
  expect(read(kernel.addressWithPeer)).toMatchObject({ address: "10.1.0.1/32", peer: "10.1.0.2" });
  expect(read(kernel.address6)).toMatchObject({
    address: "fe80::ff:fe00:10/64",
    scope: "link",
    flags: ["tentative", "permanent"],
  });
});

test("routes say where to, by what and whose they are", () => {
  const read = (hex: string) => must(readRoute(message(MessageType.newRoute, hex)));
  expect(read(kernel.defaultRoute)).toMatchObject({
    to: "0.0.0.0/0",
    gateway: "10.0.0.254",
    ifindex: 10,
    source: "10.0.0.1",
    metric: 5,
    table: 254,
    protocol: "static",
    scope: "global",
    type: "unicast",
  });
  expect(read(kernel.connectedRoute)).toMatchObject({
    to: "10.0.0.0/24",
    gateway: undefined,
    metric: 0,
    protocol: "kernel",
    scope: "link",
  });
  expect(read(kernel.localRoute)).toMatchObject({ to: "10.0.0.1/32", table: 255, type: "local" });
  expect(read(kernel.route6)).toMatchObject({ to: "fe80::/64", metric: 256, ifindex: 11 });
});

test("a neighbour is an address with a MAC", () => {
  const read = must(readNeighbour(message(MessageType.newNeighbour, kernel.neighbour)));
  expect<unknown>(read).toEqual({
    ifindex: 10,
    ip: "10.0.0.9",
    mac: "02:00:00:00:00:09",
    states: ["permanent"],
    flags: [],
  });
});

test("FDB entries tell a parent's filter from a bridge's table", () => {
  const read = (hex: string) => must(readFdbEntry(message(MessageType.newNeighbour, hex)));
  expect(read(kernel.parentFilter)).toMatchObject({
    ifindex: 10,
    upper: undefined,
    states: ["permanent"],
    flags: ["self"],
  });
  expect(read(kernel.staticFdb)).toMatchObject({
    ifindex: 11,
    mac: "02:00:00:00:00:77",
    upper: 20,
    states: ["noarp"],
    flags: [],
  });
  expect(read(kernel.learnedFdb)).toMatchObject({
    mac: "02:00:00:00:00:10",
    states: ["reachable"],
  });
});

test("what is no link, address, route or neighbour of ours reads as nothing", () => {
  const bridgeFamily = `07${kernel.bridgePort.slice(2)}`;
  expect(readLink(message(MessageType.deleteLink, bridgeFamily))).toEqual({
    ok: true,
    value: undefined,
  });
  expect(readNeighbour(message(MessageType.newNeighbour, kernel.staticFdb))).toEqual({
    ok: true,
    value: undefined,
  });
  // A tunnel's FDB entry has an IP address, and still is no neighbour.
  const tunnelled = `${kernel.staticFdb}080001000a000001`;
  expect(readNeighbour(message(MessageType.newNeighbour, tunnelled))).toEqual({
    ok: true,
    value: undefined,
  });
  expect(readFdbEntry(message(MessageType.newNeighbour, kernel.neighbour))).toEqual({
    ok: true,
    value: undefined,
  });
});

test("a datagram cut anywhere but between messages is an error", () => {
  const whole = encodeMessages([
    message(MessageType.newAddress, kernel.address),
    message(MessageType.newAddress, kernel.address6),
  ]);
  const between = 16 + kernel.address.length / 2;
  for (let length = 1; length < whole.length; length++) {
    const split = splitMessages(whole.subarray(0, length));
    expect(split.ok).toBe(length === between);
  }
  expect(must(splitMessages(whole)).length).toBe(2);
});
