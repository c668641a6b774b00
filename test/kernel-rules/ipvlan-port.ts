import { addLink, type Request } from "../../src/netlink/index.ts";
import { echo } from "./frames.ts";
import type { Box, Row, Rule } from "./rule.ts";
import { a, b, cable, host, lan, macOf, pair } from "./site.ts";

const link = (box: Box, place: string) => {
  const [namespace, name] = place.split(":");
  return box.row(`${namespace}: ip link show ${name}`);
};

const hasFlag = async (box: Box, place: string, flag: string): Promise<boolean> =>
  (await link(box, place)).flags.includes(flag);

const modeOf = async (box: Box, place: string): Promise<string> => {
  const { mode, ...flags } = (await link(box, place)).linkinfo.info_data;
  return `${mode} ${Object.keys(flags).filter((flag) => flags[flag] !== false)}`;
};

const stealing: Rule = {
  name: "a link with the host's own address takes what arrives for it, though nobody was warned",
  expected: { before: ["host/ip"], adds: "done", after: ["a/ip"] },
  observe: async (box) => {
    await box.run(`${cable} ${pair("ipvlan mode l2")}`);
    const before = await box.heard("lan:s0", echo(lan, host), ["host/ip", "a/ip"]);
    const adds = await box.tried(`a: ip address add ${host.ip}/24 dev a0`);
    return { before, adds, after: await box.heard("lan:s0", echo(lan, host), ["host/ip", "a/ip"]) };
  },
};

const modes: readonly Rule[] = [
  {
    name: "a link that is made without a mode turns all links of its parent to l3",
    expected: { before: "l2 bridge", after: "l3 bridge", new: "l3 bridge" },
    observe: async (box) => {
      await box.run(`${cable}\nhost: ip link add a0 link p0 type ipvlan mode l2`);
      const before = await modeOf(box, "host:a0");
      await box.run("host: ip link add b0 link p0 type ipvlan");
      const after = await modeOf(box, "host:a0");
      return { before, after, new: await modeOf(box, "host:b0") };
    },
  },
  {
    name: "the mode is the parent's: a link that is changed changes its siblings, and their NOARP",
    expected: { before: false, l3: true, shown: "l3s bridge", again: false },
    observe: async (box) => {
      await box.run(`${cable} ${pair("ipvlan mode l2")}`);
      const before = await hasFlag(box, "a:a0", "NOARP");
      await box.run("b: ip link set b0 type ipvlan mode l3s");
      const l3 = await hasFlag(box, "a:a0", "NOARP");
      const shown = await modeOf(box, "a:a0");
      await box.run("b: ip link set b0 type ipvlan mode l2");
      return { before, l3, shown, again: await hasFlag(box, "a:a0", "NOARP") };
    },
  },
  {
    name: "the last link that is made with flags sets those of all; one without leaves them",
    expected: { first: "l2 private", made: "done", without: "l2 private", last: "l2 vepa" },
    observe: async (box) => {
      await box.run(`${cable}\nhost: ip link add a0 link p0 type ipvlan mode l2 private`);
      const first = await modeOf(box, "host:a0");
      const { ifindex } = await link(box, "host:p0");
      const parent = { name: "p0", ifindex: Number(ifindex) };
      const made = await box.request(
        "host",
        addLink({ kind: "ipvlan", name: "b0", parent, mode: "l2" }),
      );
      const without = await modeOf(box, "host:a0");
      await box.run("host: ip link add c0 link p0 type ipvlan mode l2 vepa");
      return { first, made, without, last: await modeOf(box, "host:a0") };
    },
  },
  {
    name: "a link is private or vepa: with both flags it is refused",
    expected: { both: "EINVAL", one: "done" },
    observe: async (box) => {
      await box.run(cable);
      const { ifindex } = await link(box, "host:p0");
      const parent = { name: "p0", ifindex: Number(ifindex) };
      const request = (flag: "private" | "vepa") =>
        addLink({ kind: "ipvlan", name: "a0", parent, mode: "l2", flag });
      const both = await box.request("host", united(request("private"), request("vepa")));
      return { both, one: await box.request("host", request("private")) };
    },
  },
];

/** A request with the bits of two that differ in nothing but a flag: ours cannot ask for both. */
function united(one: Request, two: Request): Request {
  const other = two.payload.bytes;
  const bytes = one.payload.bytes.map((byte, at) => byte | (other[at] ?? 0));
  return { ...one, payload: { ...one.payload, bytes } };
}

const inherited: readonly Rule[] = [
  {
    name: "an ipvlan link has its parent's MAC, follows it, and refuses another",
    expected: {
      own: "Operation not supported",
      born: host.mac,
      follows: macOf("11"),
      control: "done",
    },
    observe: async (box) => {
      await box.run(`
        ${cable}
        host: ip link add a0 address ${macOf("aa")} link p0 type ipvlan mode l2
        host: ip link add d0 type dummy`);
      const born = (await box.row("host: ip link show a0")).address;
      const own = await box.tried(`host: ip link set a0 address ${macOf("ab")}`);
      const control = await box.tried(`host: ip link set d0 address ${macOf("ab")}`);
      await box.run(`host: ip link set p0 address ${macOf("11")}`);
      return { born, own, control, follows: (await box.row("host: ip link show a0")).address };
    },
  },
  {
    name: "the MTU of an ipvlan link follows each change of its parent's, up as well as down",
    expected: { born: 1400, down: 1300, up: 1450 },
    observe: async (box) => {
      const mtu = async () => (await box.row("host: ip link show a0")).mtu;
      await box.run(`
        ${cable}
        host: ip link set p0 mtu 1400
        host: ip link add a0 link p0 type ipvlan mode l2`);
      const born = await mtu();
      await box.run("host: ip link set p0 mtu 1300");
      const down = await mtu();
      await box.run("host: ip link set p0 mtu 1450");
      return { born, down, up: await mtu() };
    },
  },
  {
    name: "an ipvlan link may have a larger MTU than its parent, a macvlan link may not",
    expected: { ipvlan: "done", mtu: 1600, macvlan: "Invalid argument" },
    observe: async (box) => {
      await box.run(`
        ${cable}
        host: ip link add a0 link p0 type ipvlan mode l2
        host: ip link add q0 type dummy
        host: ip link add m0 link q0 type macvlan mode bridge`);
      const ipvlan = await box.tried("host: ip link set a0 mtu 1600");
      const macvlan = await box.tried("host: ip link set m0 mtu 1600");
      return { ipvlan, macvlan, mtu: (await box.row("host: ip link show a0")).mtu };
    },
  },
  {
    name: "ipvlan links make no parent promiscuous, a macvlan link on veth does",
    expected: { ipvlan: 0, macvlan: 1 },
    observe: async (box) => {
      const promiscuity = async () => (await box.row("host: ip link show p0")).promiscuity;
      await box.run(`${cable} ${pair("ipvlan mode l2")}`);
      const ipvlan = await promiscuity();
      await box.run(`
        a: ip link del a0
        b: ip link del b0
        host: ip link add m0 link p0 type macvlan mode bridge
        host: ip link set m0 up`);
      return { ipvlan, macvlan: await promiscuity() };
    },
  },
  {
    name: "links of one parent have different link-local IPv6 addresses, though one MAC",
    expected: { addresses: 2, macs: 1 },
    observe: async (box) => {
      await box.run(`
        ${cable}
        a: sysctl -qw net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0
        b: sysctl -qw net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0
        ${pair("ipvlan mode l2")}`);
      const rows = [
        await box.row("a: ip address show dev a0"),
        await box.row("b: ip address show dev b0"),
      ];
      const local = (row: Row) => /fe80::[0-9a-f:]+/.exec(JSON.stringify(row))?.[0];
      return {
        addresses: new Set(rows.map(local)).size,
        macs: new Set(rows.map(({ address }) => address)).size,
      };
    },
  },
  {
    name: "an ipvlan link goes up on a parent that is down, and has a carrier when that is up",
    expected: { up: "done", before: true, after: true },
    observe: async (box) => {
      const noCarrier = () => hasFlag(box, "host:a0", "NO-CARRIER");
      const carrier = () => hasFlag(box, "host:a0", "LOWER_UP");
      await box.run(`
        ${cable}
        host: ip link set p0 down
        host: ip link add a0 link p0 type ipvlan mode l2`);
      const up = await box.tried("host: ip link set a0 up");
      const before = await box.eventually(noCarrier);
      await box.run("host: ip link set p0 up");
      return { up, before, after: await box.eventually(carrier) };
    },
  },
];

const addresses: readonly Rule[] = [
  {
    name: "an address that a sibling has is refused, also while the sibling is down",
    expected: {
      up: "Address already assigned to an ipvlan device",
      down: "Address already assigned to an ipvlan device",
      control: "done",
    },
    observe: async (box) => {
      await box.run(`${cable} ${pair("ipvlan mode l2")}`);
      const up = await box.tried(`b: ip address add ${a.ip}/24 dev b0`);
      await box.run("a: ip link set a0 down");
      const down = await box.tried(`b: ip address add ${a.ip}/24 dev b0`);
      return { up, down, control: await box.tried("b: ip address add 10.0.0.4/24 dev b0") };
    },
  },
  stealing,
  {
    name: "a link that is down gets nothing: what is for its address is its parent's then",
    expected: { up: ["a:a0/stack"], down: ["host:p0/stack"], control: ["b:b0/stack"] },
    observe: async (box) => {
      await box.run(`${cable} ${pair("ipvlan mode l2")}`);
      const ears = ["host:p0/stack", "a:a0/stack", "b:b0/stack"] as const;
      const up = await box.heard("lan:s0", echo(lan, a), ears);
      await box.run("a: ip link set a0 down");
      const down = await box.heard("lan:s0", echo(lan, a), ears);
      return { up, down, control: await box.heard("lan:s0", echo(lan, b), ears) };
    },
  },
  {
    name: "of an address with a peer it is the peer's that is compared, and that frames go by",
    expected: {
      local: "done",
      peer: "Address already assigned to an ipvlan device",
      toLocal: ["host:p0/stack"],
      toPeer: ["a:a0/stack"],
    },
    observe: async (box) => {
      await box.run(`${cable} ${pair("ipvlan mode l2")}
        a: ip address add 10.0.0.50 peer 10.0.0.51 dev a0`);
      const ears = ["host:p0/stack", "a:a0/stack"] as const;
      const toLocal = await box.heard("lan:s0", echo(lan, { ...a, ip: "10.0.0.50" }), ears);
      const toPeer = await box.heard("lan:s0", echo(lan, { ...a, ip: "10.0.0.51" }), ears);
      const peer = await box.tried("b: ip address add 10.0.0.51/32 dev b0");
      return {
        toLocal,
        toPeer,
        peer,
        local: await box.tried("b: ip address add 10.0.0.50/32 dev b0"),
      };
    },
  },
];

export const ipvlanPortRules: readonly Rule[] = [...modes, ...inherited, ...addresses];
