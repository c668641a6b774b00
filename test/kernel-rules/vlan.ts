import { echo, other, tagged } from "./frames.ts";
import type { Ear, Rule } from "./rule.ts";
import { cable, host, lan, macOf } from "./site.ts";

/** VLAN 10 of the host's p0, with a MAC of its own. */
const v10 = { mac: macOf("1a"), ip: "10.1.0.10" };
const stacks: readonly Ear[] = ["host:p0/stack", "v:v10/stack", "host/ip", "v/ip"];
const build = `
  ${cable}
  host: ip link add v10 link p0 address ${v10.mac} netns v type vlan id 10
  v: ip address add ${v10.ip}/24 dev v10
  v: ip link set v10 up`;

/** A macvlan m0 of p0, and its VLAN 10. */
const m10 = { mac: macOf("2a"), ip: "10.1.0.20" };
const child = `
  host: ip link add m0 link p0 address ${m10.mac} netns m type macvlan mode bridge
  m: ip link set m0 up
  m: ip link add m10 link m0 type vlan id 10
  m: ip address add ${m10.ip}/24 dev m10
  m: ip link set m10 up`;

export const vlanRules: readonly Rule[] = [
  {
    name: "a frame with a link's tag is that link's, whose stack takes its MAC and its parent's",
    expected: {
      own: ["v:v10/stack", "v/ip"],
      parents: ["v:v10/stack", "v/ip"],
      otherTag: ["host:p0/stack"],
      none: ["host:p0/stack", "host/ip"],
    },
    observe: async (box) => {
      await box.run(build);
      const parents = { ...v10, mac: host.mac };
      return {
        own: await box.heard("lan:s0", tagged(echo(lan, v10), 10), stacks),
        parents: await box.heard("lan:s0", tagged(echo(lan, parents), 10), stacks),
        otherTag: await box.heard("lan:s0", tagged(echo(lan, host), 20), stacks),
        none: await box.heard("lan:s0", echo(lan, host), stacks),
      };
    },
  },
  {
    name: "what is for a link that is down is dropped, and does not come to its parent",
    expected: { without: ["host:p0/stack"], down: [], up: ["v:v10/stack"] },
    observe: async (box) => {
      await box.run(cable);
      const frame = () => tagged(echo(lan, host), 10);
      const without = await box.heard("lan:s0", frame(), ["host:p0/stack"]);
      await box.run("host: ip link add v10 link p0 netns v type vlan id 10");
      const ears = ["host:p0/stack", "v:v10/stack"] as const;
      const down = await box.heard("lan:s0", frame(), ears);
      await box.run("v: ip link set v10 up");
      return { without, down, up: await box.heard("lan:s0", frame(), ears) };
    },
  },
  {
    name: "VLAN 0 is no VLAN: the frame is the parent's",
    expected: { zero: ["host:p0/stack", "host/ip"], ten: ["host:p0/stack"] },
    observe: async (box) => {
      await box.run(cable);
      const ears = ["host:p0/stack", "host/ip"] as const;
      return {
        zero: await box.heard("lan:s0", tagged(echo(lan, host), 0), ears),
        ten: await box.heard("lan:s0", tagged(echo(lan, host), 10), ears),
      };
    },
  },
  {
    name: "a macvlan link hears tagged frames for its MAC, until a VLAN of its parent takes them",
    expected: { before: ["m/ip"], after: [], untagged: ["m:m0/stack"] },
    observe: async (box) => {
      await box.run(`${cable} ${child}`);
      const before = await box.heard("lan:s0", tagged(echo(lan, m10), 10), ["m/ip"]);
      await box.run(`
        host: ip link add v10 link p0 netns v type vlan id 10
        v: ip link set v10 up`);
      const after = await box.heard("lan:s0", tagged(echo(lan, m10), 10), ["m/ip"]);
      const untagged = await box.heard("lan:s0", echo(lan, m10), ["m:m0/stack"]);
      return { before, after, untagged };
    },
  },
  {
    name: "a VLAN of the parent takes what macvlan siblings send each other with its tag, too",
    expected: { before: ["m/ip"], after: ["v:v10/stack"], untagged: ["m:m0/stack"] },
    observe: async (box) => {
      await box.run(`${cable} ${child}
        host: ip link add n0 link p0 address ${macOf("2b")} netns n type macvlan mode bridge
        n: ip link set n0 up`);
      const from = { mac: macOf("2b"), ip: "10.1.0.21" };
      const before = await box.heard("n:n0", tagged(echo(from, m10), 10), ["m/ip"]);
      await box.run(`
        host: ip link add v10 link p0 netns v type vlan id 10
        v: ip link set v10 up`);
      const ears = ["m/ip", "v:v10/stack"] as const;
      const after = await box.heard("n:n0", tagged(echo(from, m10), 10), ears);
      return { before, after, untagged: await box.heard("n:n0", echo(from, m10), ["m:m0/stack"]) };
    },
  },
  {
    name: "what a link sends has its tag on the parent, and none of the parent's own has",
    expected: { vlan: ["lan:s0 tag 10"], parent: ["lan:s0"], nested: ["lan:s0 tag 10 tag 20"] },
    observe: async (box) => {
      await box.run(`${build}
        v: ip link add v20 link v10 type vlan id 20
        v: ip link set v20 up`);
      return {
        vlan: await box.heard("v:v10", other(v10.mac, lan.mac), ["lan:s0"]),
        parent: await box.heard("host:p0", other(host.mac, lan.mac), ["lan:s0"]),
        nested: await box.heard("v:v20", other(v10.mac, lan.mac), ["lan:s0"]),
      };
    },
  },
  {
    name: "of two tags the outer one is looked at first, then the inner one",
    expected: { both: ["v:v20/stack"], outer: ["v:v10/stack"] },
    observe: async (box) => {
      await box.run(`${build}
        v: ip link add v20 link v10 type vlan id 20
        v: ip link set v20 up`);
      const ears = ["host:p0/stack", "v:v10/stack", "v:v20/stack"] as const;
      return {
        both: await box.heard("lan:s0", tagged(other(lan.mac, v10.mac), 10, 20), ears),
        outer: await box.heard("lan:s0", tagged(other(lan.mac, v10.mac), 10), ears),
      };
    },
  },
  {
    name: "with reorder_hdr off captures on the link show the tag, and its stack is as before",
    expected: { on: ["v:v10", "v/ip"], off: ["v:v10 tag 10", "v/ip"] },
    observe: async (box) => {
      await box.run(build);
      const ears = ["v:v10", "v/ip"] as const;
      const on = await box.heard("lan:s0", tagged(echo(lan, v10), 10), ears);
      await box.run("v: ip link set v10 type vlan reorder_hdr off");
      return { on, off: await box.heard("lan:s0", tagged(echo(lan, v10), 10), ears) };
    },
  },
];
