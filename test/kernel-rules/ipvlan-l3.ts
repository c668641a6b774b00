import { ALL, echo, other, whoHas } from "./frames.ts";
import type { Box, Ear, Rule } from "./rule.ts";
import { cable, host, lan, macOf } from "./site.ts";

/** Links in mode l3 have addresses that only routes lead to. */
const a = { mac: host.mac, ip: "10.5.0.2" };
const b = { mac: host.mac, ip: "10.6.0.2" };
const stacks: readonly Ear[] = ["host:p0/stack", "a:a0/stack", "b:b0/stack"];

const build = (box: Box, type: string) =>
  box.run(`
    ${cable}
    host: ip link add a0 link p0 netns a type ipvlan ${type}
    host: ip link add b0 link p0 netns b type ipvlan ${type}
    a: ip address add ${a.ip}/32 dev a0
    a: ip link set a0 up
    a: ip route add default dev a0
    b: ip address add ${b.ip}/32 dev b0
    b: ip link set b0 up
    b: ip route add default dev b0
    host: ip neigh replace ${lan.ip} lladdr ${lan.mac} dev p0`);

const routeBack = `
  lan: ip route add 10.5.0.0/16 via ${host.ip}
  lan: ip neigh replace ${host.ip} lladdr ${host.mac} dev s0`;

const fromTheWire: readonly Rule[] = [
  {
    name: "in l3 a unicast packet for a link's address goes to the link and past the host's stack",
    expected: { a: ["a:a0/stack", "a/ip"], host: ["host:p0/stack"] },
    observe: async (box) => {
      await build(box, "mode l3");
      const ears = ["host:p0/stack", "a:a0/stack", "a/ip"] as const;
      return {
        a: await box.heard("lan:s0", echo(lan, a), ears),
        host: await box.heard("lan:s0", echo(lan, host), ears),
      };
    },
  },
  {
    name: "in l3 an ARP request for a link's address goes to the link, which does not answer",
    expected: { heard: ["a:a0/stack"], pinged: false, withProxyArp: false, routed: true },
    observe: async (box) => {
      await build(box, "mode l3");
      const heard = await box.heard("lan:s0", whoHas(lan, a.ip), stacks);
      await box.run("lan: ip route add 10.5.0.0/16 dev s0");
      const pinged = await box.pings("lan", a.ip);
      await box.run(`
        host: ip link add d0 type dummy
        host: ip link set d0 up
        host: ip route add 10.5.0.0/16 dev d0
        host: sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.p0.proxy_arp=1
        lan: ip neigh flush all`);
      const withProxyArp = await box.pings("lan", a.ip);
      await box.run(`lan: ip route del 10.5.0.0/16 dev s0\n${routeBack}`);
      return { heard, pinged, withProxyArp, routed: await box.pings("lan", a.ip) };
    },
  },
  {
    name: "in l3 broadcasts and multicasts from the wire come to the host alone",
    expected: {
      broadcast: ["host:p0/stack"],
      multicast: ["host:p0/stack"],
      unicast: ["a:a0/stack"],
    },
    observe: async (box) => {
      await build(box, "mode l3");
      const all = "01:00:5e:00:00:01";
      return {
        broadcast: await box.heard("lan:s0", other(lan.mac, ALL), stacks),
        multicast: await box.heard("lan:s0", echo(lan, { mac: all, ip: "224.0.0.1" }), stacks),
        unicast: await box.heard("lan:s0", echo(lan, a), stacks),
      };
    },
  },
  {
    name: "in l3s the host's stack sees what is for a link's address, and the link takes it then",
    expected: { l3s: ["host:p0/stack", "a/ip"], l3: ["a:a0/stack", "a/ip"] },
    observe: async (box) => {
      await build(box, "mode l3s");
      const ears = ["host:p0/stack", "a:a0/stack", "a/ip"] as const;
      const l3s = await box.heard("lan:s0", echo(lan, a), ears);
      await box.run("a: ip link set a0 type ipvlan mode l3");
      return { l3s, l3: await box.heard("lan:s0", echo(lan, a), ears) };
    },
  },
  {
    name: "in l3s a frame for another MAC than the parent's comes to no link",
    expected: { right: ["a/ip"], wrong: [] },
    observe: async (box) => {
      await build(box, "mode l3s");
      const wrong = echo(lan, { ...a, mac: macOf("99") });
      return {
        right: await box.heard("lan:s0", echo(lan, a), ["a/ip"]),
        wrong: await box.heard("lan:s0", wrong, ["a/ip"]),
      };
    },
  },
  {
    name: "in l3s an ARP request for a link's address comes to the host, which does not answer",
    expected: { heard: ["host:p0/stack"], pinged: false, routed: true },
    observe: async (box) => {
      await build(box, "mode l3s");
      const heard = await box.heard("lan:s0", whoHas(lan, a.ip), stacks);
      await box.run("lan: ip route add 10.5.0.0/16 dev s0");
      const pinged = await box.pings("lan", a.ip);
      await box.run(`lan: ip route del 10.5.0.0/16 dev s0\n${routeBack}`);
      return { heard, pinged, routed: await box.pings("lan", a.ip) };
    },
  },
  {
    name: "the host's INPUT rules are for l3s packets to a link, and not for l3 ones",
    expected: { before: ["a/ip"], l3s: [], l3: ["a/ip"] },
    observe: async (box) => {
      await build(box, "mode l3s");
      const ears = ["a/ip"] as const;
      const before = await box.heard("lan:s0", echo(lan, a), ears);
      await box.run("host: iptables-legacy -w -A INPUT -p icmp -j DROP");
      const l3s = await box.heard("lan:s0", echo(lan, a), ears);
      await box.run("a: ip link set a0 type ipvlan mode l3");
      const l3 = await box.heard("lan:s0", echo(lan, a), ears);
      await box.run("host: iptables-legacy -w -F INPUT");
      return { before, l3s, l3 };
    },
  },
];

const out: readonly Ear[] = ["lan:s0", "host/ip", "b/ip"];

const fromALink: readonly Rule[] = [
  {
    name: "in l3 a packet to a sibling stays inside; private drops it, vepa sends it to the wire",
    expected: { bridge: ["b/ip"], private: [], vepa: ["lan:s0"] },
    observe: async (box) => {
      await build(box, "mode l3");
      await box.run(`host: ip route add 10.6.0.0/16 via ${lan.ip}`);
      const bridge = await box.heard("a:a0", echo(a, b), out);
      await box.run("a: ip link set a0 type ipvlan private");
      const isolated = await box.heard("a:a0", echo(a, b), out);
      await box.run("a: ip link set a0 type ipvlan vepa");
      return { bridge, private: isolated, vepa: await box.heard("a:a0", echo(a, b), out) };
    },
  },
  {
    name: "in l3 a packet of a link is routed by the host's table, and only by its parent",
    expected: { lan: ["lan:s0"], noRoute: [], other: [], control: ["lan:s0"] },
    observe: async (box) => {
      await build(box, "mode l3");
      const far = { mac: host.mac, ip: "172.16.5.5" };
      const toLan = await box.heard("a:a0", echo(a, lan), out);
      const noRoute = await box.heard("a:a0", echo(a, { ...far, ip: "172.31.0.1" }), ["lan:s0"]);
      await box.run(`
        host: ip link add d0 type dummy
        host: ip link set d0 up
        host: ip route add 172.16.0.0/16 dev d0`);
      const ears = ["lan:s0", "host:d0"] as const;
      const other = await box.heard("a:a0", echo(a, far), ears);
      await box.run(`host: ip route add default via ${lan.ip}`);
      return { lan: toLan, noRoute, other, control: await box.heard("a:a0", echo(a, far), ears) };
    },
  },
  {
    name: "in l3 the parent's own address is the host; its other addresses are sought on the wire",
    expected: { parents: ["host/ip"], other: ["lan:s0"] },
    observe: async (box) => {
      await build(box, "mode l3");
      await box.run(`
        host: ip link set lo up
        host: ip link add d0 type dummy
        host: ip address add 172.16.0.1/24 dev d0
        host: ip link set d0 up
        host: ip route add default via ${lan.ip}`);
      const parents = await box.heard("a:a0", echo(a, host), out);
      const other = { mac: host.mac, ip: "172.16.0.1" };
      return { parents, other: await box.heard("a:a0", echo(a, other), out) };
    },
  },
  {
    name: "in l3 a multicast or broadcast of a link goes nowhere",
    expected: { multicast: [], broadcast: [], unicast: ["lan:s0"] },
    observe: async (box) => {
      await build(box, "mode l3");
      await box.run("host: ip route add 224.0.0.0/4 dev p0");
      const group = { mac: "01:00:5e:00:00:05", ip: "224.0.0.5" };
      return {
        multicast: await box.heard("a:a0", echo(a, group), out),
        broadcast: await box.heard("a:a0", echo(a, { mac: ALL, ip: "255.255.255.255" }), out),
        unicast: await box.heard("a:a0", echo(a, lan), out),
      };
    },
  },
  {
    name: "in l3 the host takes nothing off the hop limit of a link's packet",
    expected: { answered: "done" },
    observe: async (box) => {
      await build(box, "mode l3");
      await box.run(routeBack);
      return { answered: await box.tried(`a: ping -n -c1 -W2 -t1 ${lan.ip} >/dev/null`) };
    },
  },
  {
    name: "in l3 the host's OUTPUT rules are for what a link sends",
    expected: { before: ["lan:s0"], after: [] },
    observe: async (box) => {
      await build(box, "mode l3");
      const before = await box.heard("a:a0", echo(a, lan), ["lan:s0"]);
      await box.run("host: iptables-legacy -w -A OUTPUT -p icmp -j DROP");
      const after = await box.heard("a:a0", echo(a, lan), ["lan:s0"]);
      await box.run("host: iptables-legacy -w -F OUTPUT");
      return { before, after };
    },
  },
  {
    name: "in l3 and l3s the host does not reach a link, and the LAN does",
    expected: { l3: false, l3FromLan: true, l3s: false, l3sFromLan: true },
    observe: async (box) => {
      await build(box, "mode l3");
      await box.run(`${routeBack}
        host: ip route add 10.5.0.0/16 dev p0`);
      const l3 = await box.pings("host", a.ip);
      const l3FromLan = await box.pings("lan", a.ip);
      await box.run("a: ip link set a0 type ipvlan mode l3s");
      const l3s = await box.pings("host", a.ip);
      return { l3, l3FromLan, l3s, l3sFromLan: await box.pings("lan", a.ip) };
    },
  },
];

export const ipvlanL3Rules: readonly Rule[] = [...fromTheWire, ...fromALink];
