import type { Box, Rule } from "./rule.ts";
import { cable, host, macOf } from "./site.ts";

const add = "host: ip link add v10 link p0 type vlan id 10";
const upState = async (box: Box, name: string): Promise<boolean> =>
  (await box.row(`host: ip link show dev ${name}`)).flags.includes("UP");
const macOn = async (box: Box): Promise<string> =>
  (await box.row("host: ip link show dev v10")).address;
const names = async (box: Box, namespace: string) =>
  (await box.rows(`${namespace}: ip link show`)).map(({ ifname }) => ifname ?? "");

const addressesOn = async (box: Box) => {
  const rows = await box.rows("host: ip address show dev v10");
  return rows;
};

const making: readonly Rule[] = [
  {
    name: "a tag is once on a parent, in whatever namespace its link is",
    expected: {
      same: "8021q: VLAN device already exists",
      far: "8021q: VLAN device already exists",
      outer: "done",
    },
    observe: async (box) => {
      await box.run(`${cable}\n${add}`);
      const again = "host: ip link add w10 link p0 type vlan id 10";
      const same = await box.tried(again);
      await box.run("host: ip link set v10 netns far");
      const far = await box.tried(again);
      const outer = await box.tried(
        "host: ip link add w10 link p0 type vlan protocol 802.1ad id 10",
      );
      return { same, far, outer };
    },
  },
  {
    name: "VLANs are 0 to 4094, and of two protocols",
    expected: {
      zero: "done",
      last: "done",
      beyond: "8021q: Invalid VLAN id",
      protocol: "8021q: Invalid VLAN protocol",
      missing: "8021q: VLAN properties not specified",
    },
    observe: async (box) => {
      await box.run(cable);
      const tried = (how: string, name: string) =>
        box.tried(`host: ip link add ${name} link p0 type vlan ${how}`);
      return {
        zero: await tried("id 0", "v0"),
        last: await tried("id 4094", "v4094"),
        beyond: await tried("id 4095", "v4095"),
        protocol: await tried("protocol 0x0800 id 5", "v5"),
        missing: await tried("", "vx"),
      };
    },
  },
  {
    name: "loopback and ipvlan links carry no VLANs, macvlan links do",
    expected: {
      lo: "8021q: VLANs not supported on device",
      ipvlan: "8021q: VLANs not supported on device",
      macvlan: "done",
    },
    observe: async (box) => {
      await box.run(`${cable}
        host: ip link add a0 link p0 type ipvlan mode l2
        host: ip link add d0 type dummy
        host: ip link add m0 link d0 type macvlan`);
      const tried = (parent: string, name: string) =>
        box.tried(`host: ip link add ${name} link ${parent} type vlan id 10`);
      return {
        lo: await tried("lo", "vl"),
        ipvlan: await tried("a0", "va"),
        macvlan: await tried("m0", "vm"),
      };
    },
  },
];

const inherited: readonly Rule[] = [
  {
    name: "the MAC of a VLAN follows its parent's while it is up, until it is given one of its own",
    expected: { born: host.mac, follows: macOf("11"), own: macOf("1a"), filter: true },
    observe: async (box) => {
      await box.run(`${cable}\n${add}\nhost: ip link set v10 up`);
      const born = await macOn(box);
      await box.run(`host: ip link set p0 address ${macOf("11")}`);
      const follows = await macOn(box);
      await box.run(`
        host: ip link set v10 address ${macOf("1a")}
        host: ip link set p0 address ${macOf("12")}`);
      const rows = await box.rows("host: bridge fdb show dev p0");
      return {
        ...{ born, follows, own: await macOn(box) },
        filter: rows.some(({ mac }) => mac === macOf("1a")),
      };
    },
  },
  {
    name: "the MAC of a VLAN that is down follows its parent's only when it is set up",
    expected: { down: host.mac, up: macOf("11") },
    observe: async (box) => {
      await box.run(`${cable}\n${add}\nhost: ip link set p0 address ${macOf("11")}`);
      const down = await macOn(box);
      await box.run("host: ip link set v10 up");
      return { down, up: await macOn(box) };
    },
  },
  {
    name: "the MTU of a VLAN is its parent's at most, falls with it and does not rise with it",
    expected: {
      born: 1500,
      create: "Invalid argument",
      change: "Numerical result out of range",
      lowered: 1400,
      raised: 1400,
    },
    observe: async (box) => {
      await box.run(`${cable}\n${add}`);
      const mtu = async () => (await box.row("host: ip link show dev v10")).mtu;
      const born = await mtu();
      const create = await box.tried("host: ip link add v20 link p0 mtu 1600 type vlan id 20");
      const change = await box.tried("host: ip link set v10 mtu 1600");
      await box.run("host: ip link set p0 mtu 1400");
      const lowered = await mtu();
      await box.run("host: ip link set p0 mtu 1500");
      return { born, create, change, lowered, raised: await mtu() };
    },
  },
];

const states: readonly Rule[] = [
  {
    name: "a VLAN cannot be set up while its parent is down, a macvlan link can",
    expected: { vlan: "Network is down", macvlan: "done" },
    observe: async (box) => {
      await box.run(`
        host: ip link add d0 type dummy
        host: ip link add v10 link d0 type vlan id 10
        host: ip link add m0 link d0 type macvlan`);
      return {
        vlan: await box.tried("host: ip link set v10 up"),
        macvlan: await box.tried("host: ip link set m0 up"),
      };
    },
  },
  {
    name: "VLANs go down with their parent and lose their routes; all go up with it, also new ones",
    expected: { down: false, up: true, neverUp: true, addresses: 1, routes: ["10.1.0.0/24"] },
    observe: async (box) => {
      await box.run(`${cable}\n${add}
        host: ip link add v20 link p0 type vlan id 20
        host: ip address add 10.1.0.1/24 dev v10
        host: ip link set v10 up
        host: ip route add 10.9.0.0/24 via 10.1.0.9
        host: ip link set p0 down`);
      const down = await upState(box, "v10");
      await box.run("host: ip link set p0 up");
      const routes = await box.rows("host: ip route show dev v10");
      return {
        ...{ down, up: await upState(box, "v10"), neverUp: await upState(box, "v20") },
        addresses: (await addressesOn(box)).length,
        routes: routes.map(({ dst }) => dst ?? ""),
      };
    },
  },
  {
    name: "with loose_binding a VLAN stays up without its parent, and does not go up with it",
    expected: { loose: true, tight: false, neverUp: false },
    observe: async (box) => {
      await box.run(`${cable}\n${add} loose_binding on
        host: ip link add v20 link p0 type vlan id 20
        host: ip link add v30 link p0 type vlan id 30 loose_binding on
        host: ip link set v10 up
        host: ip link set v20 up
        host: ip link set p0 down`);
      const loose = await upState(box, "v10");
      const tight = await upState(box, "v20");
      await box.run("host: ip link set p0 up");
      return { loose, tight, neverUp: await upState(box, "v30") };
    },
  },
  {
    name: "VLANs stay where they are when their parent moves, and end when it ends",
    expected: { moved: ["lo", "v10"], parent: true, deleted: ["lo"] },
    observe: async (box) => {
      await box.run(`${cable}\n${add}\nhost: ip link set p0 netns far`);
      const moved = await names(box, "host");
      const parent = (await names(box, "far")).includes("p0");
      await box.run("far: ip link del p0");
      return { moved, parent, deleted: await names(box, "host") };
    },
  },
];

export const vlanLinkRules: readonly Rule[] = [...making, ...inherited, ...states];
