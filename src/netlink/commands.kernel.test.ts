import { expect, test } from "bun:test";
import { seconds } from "../base/index.ts";
import { type TestNamespace, testNamespace } from "./fixtures/namespace.ts";
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
  setPort,
} from "./index.ts";

const p0 = { ifindex: 10, name: "p0" };
const p1 = { ifindex: 11 };
const m0 = { ifindex: 12, name: "m0" };
const m1 = { ifindex: 13 };
const br0 = { ifindex: 20, name: "br0" };
const [a, b, c] = [mac("02:00:00:00:00:0a"), mac("02:00:00:00:00:0b"), mac("02:00:00:00:00:0c")];

/** One of everything; links with and without a name, because commands must be right for both. */
const requests: readonly Request[] = [
  addLink({ kind: "veth", ...p0, mac: a, peer: { name: "p1", ifindex: 11, mac: b } }),
  addLink({
    kind: "macvlan",
    ...m0,
    mac: mac("02:00:00:00:00:12"),
    parent: p0,
    mode: { kind: "source", allowedMacs: [a, b], flags: ["nodst"] },
    bcQueueLen: 50,
  }),
  addLink({
    kind: "macvtap",
    name: "m1",
    ifindex: 13,
    mac: mac("02:00:00:00:00:13"),
    parent: { ifindex: 10 },
    mode: { kind: "private" },
    mtu: 1400,
    txQueueLen: 5,
    group: 7,
  }),
  addLink({
    kind: "bridge",
    ...br0,
    mac: mac("02:00:00:00:00:20"),
    ageingTime: seconds(10),
    forwardDelay: seconds(4),
    stp: "off",
    groupForwardMask: 0x4008,
    mcastSnooping: false,
    state: "up",
  }),
  setLink({ link: p0, alias: "it's $HOME", txQueueLen: 9, state: "up" }),
  setLink({ link: p1, upper: br0, state: "up" }),
  setPort({
    link: p1,
    hairpin: true,
    learning: false,
    unicastFlood: false,
    mcastFlood: false,
    bcastFlood: false,
    isolated: true,
    locked: true,
    neighSuppress: true,
  }),
  setLink({ link: m0, details: { kind: "macvlan", allowedMacs: { kind: "add", mac: c } } }),
  setLink({ link: m0, details: { kind: "macvlan", allowedMacs: { kind: "remove", mac: a } } }),
  setLink({ link: m0, details: { kind: "macvlan", allowedMacs: { kind: "replace", macs: [a] } } }),
  setLink({ link: m0, details: { kind: "macvlan", allowedMacs: { kind: "clear" } } }),
  setLink({
    link: m0,
    name: "n0",
    mtu: 1300,
    mac: c,
    state: "up",
    details: { kind: "macvlan", mode: "bridge", bcQueueLen: 60 },
  }),
  setLink({ link: m1, group: 8, addrGenMode: "none", state: "up" }),
  setLink({ link: br0, details: { kind: "bridge", ageingTime: seconds(20) } }),
  setLink({ link: p0, inet: { arpFilter: 1, arpIgnore: 1, rpFilter: 2 } }),
  addAddress({ link: p0, address: interfaceAddress("10.0.0.1/24"), broadcast: ip("10.0.0.255") }),
  replaceAddress({ link: p0, address: interfaceAddress("10.2.0.2/24"), scope: "link" }),
  addAddress({ link: m1, address: interfaceAddress("10.1.0.1/32"), peer: ip("10.1.0.2") }),
  addAddress({ link: p0, address: interfaceAddress("10.0.0.3/24"), flags: ["noprefixroute"] }),
  deleteAddress({ link: p0, address: interfaceAddress("10.0.0.3/24") }),
  addAddress({ link: p1, address: interfaceAddress("fd00::1/64"), flags: ["nodad"] }),
  addRoute({
    to: prefix("0.0.0.0/0"),
    gateway: ip("10.0.0.254"),
    link: p0,
    metric: 5,
    source: ip("10.0.0.1"),
  }),
  addRoute({ to: prefix("10.9.0.0/16"), link: m1, table: 1000, scope: "global" }),
  addRoute({ to: prefix("10.8.0.0/16"), link: p0 }),
  replaceRoute({ to: prefix("10.8.0.0/16"), link: p0, gateway: ip("10.4.4.4"), flags: ["onlink"] }),
  addRoute({ to: prefix("10.7.0.0/16"), link: p0 }),
  deleteRoute({ to: prefix("10.7.0.0/16"), link: p0 }),
  addNeighbour({ link: p0, ip: ip("10.0.0.9"), mac: a }),
  addNeighbour({ link: p0, ip: ip("10.0.0.8"), mac: a, state: "noarp" }),
  replaceNeighbour({ link: p0, ip: ip("10.0.0.9"), mac: b }),
  deleteNeighbour({ link: p0, ip: ip("10.0.0.8") }),
  addFdb({ link: p1, mac: mac("02:00:00:00:00:77"), table: "bridge", lifetime: "static" }),
  replaceFdb({ link: p1, mac: mac("02:00:00:00:00:77"), table: "bridge" }),
  addFdb({ link: p0, mac: mac("02:00:00:00:00:78"), table: "self" }),
  addFdb({ link: p0, mac: mac("02:00:00:00:00:79"), table: "self" }),
  deleteFdb({ link: p0, mac: mac("02:00:00:00:00:79"), table: "self" }),
  addLink({ kind: "veth", name: "gone", ifindex: 21, peer: { name: "gone1" } }),
  deleteLink({ ifindex: 21, name: "gone" }),
];

/** What the independent witnesses see, without what changes by itself. */
function observe(ns: TestNamespace): string {
  const text = [
    ns.run("ip", "-d", "link"),
    ns.run("ip", "addr"),
    ns.run("ip", "route", "show", "table", "all"),
    ns.run("ip", "neigh", "show", "nud", "permanent"),
    ns.run("bridge", "-d", "link"),
    ns.run("bridge", "fdb"),
    ns.run("sh", "-c", "grep . /proc/sys/net/ipv4/conf/p0/*"),
  ].join("\n");
  const timers = /(?:gc_timer|hold_timer|message_age_timer|forward_delay_timer) +[\d.]+/g;
  // Groups are joined a moment after a link is up, and bridges learn.
  const learned = /^02:\S+ dev \S+ master br0 \n|^(?:33:33|01:00:5e).*\n/gm;
  // Link-local addresses come, and stop being tentative, in their own time.
  const passing = /^.*ff00::.*\n|^.*fe80::.*\n.*\n| tentative/gm;
  return text.replace(timers, "").replace(learned, "").replace(passing, "");
}

test("the command of every request does what the request does", async () => {
  using byRequest = testNamespace();
  using byCommand = testNamespace();
  for (const request of requests) {
    // A lost name in the sysctl path or a wrong word would make the shell fail here.
    byCommand.shell(request.command);
    expect([request.command, byRequest.rtnetlink.request(request)]).toEqual([
      request.command,
      { ok: true, value: undefined },
    ]);
  }
  // Carrier reaches the flags a moment later (link-watch, at most once a second): wait for it.
  for (let tries = 0; tries < 40 && observe(byRequest) !== observe(byCommand); tries++) {
    await Bun.sleep(100);
  }
  expect(observe(byRequest)).toBe(observe(byCommand));
}, 20_000);

test("the command of a link born elsewhere names the place", () => {
  using home = testNamespace();
  using byRequest = testNamespace();
  using byCommand = testNamespace();
  home.shell("ip link add p0 index 10 type veth peer name p1");
  const born = (index: number, ns: TestNamespace): Request =>
    addLink({
      kind: "macvlan",
      name: "eth0",
      ifindex: index,
      parent: p0,
      mode: { kind: "bridge" },
      netns: { fd: ns.netns.fd, path: ns.path },
    });
  home.shell(born(40, byCommand).command);
  expect(home.rtnetlink.request(born(40, byRequest)).ok).toBe(true);
  const seen = (ns: TestNamespace) =>
    ns.ip("link", "show", "dev", "eth0").map(({ address: _random, ...rest }) => rest);
  expect(seen(byRequest)).toEqual(seen(byCommand));
});
