import { echo } from "./frames.ts";
import type { Box, Ear, Rule } from "./rule.ts";
import { cable, host, lan, macOf } from "./site.ts";

const bond = (mode: string) => `
  host: ip link add bo type bond mode ${mode} miimon 100
  ${["q1", "q2"]
    .map(
      (name) => `
    host: ip link add ${name} type veth peer name ${name}x netns lan
    host: ip link set ${name} master bo
    lan: ip link set ${name}x up`,
    )
    .join("\n")}
  host: ip link set bo up`;

/** A port can be the active one when the bond has seen that it has a carrier. */
async function activate(box: Box, port: string): Promise<void> {
  const command = `host: ip link set bo type bond active_slave ${port}`;
  const isDone = await box.eventually(async () => (await box.tried(command)) === "done");
  if (!isDone) throw new Error(`${port} does not become the active port`);
}

const exclusion: readonly Rule[] = [
  {
    name: "macvlan and ipvlan exclude each other on one parent",
    expected: {
      ipvlanSecond: "Device or resource busy",
      macvlanSecond: "Device or resource busy",
      sameKind: "done",
    },
    observe: async (box) => {
      await box.run(`
        host: ip link add d1 type dummy
        host: ip link add d2 type dummy
        host: ip link add m1 link d1 type macvlan
        host: ip link add i2 link d2 type ipvlan`);
      return {
        ipvlanSecond: await box.tried("host: ip link add i1 link d1 type ipvlan"),
        macvlanSecond: await box.tried("host: ip link add m2 link d2 type macvlan"),
        sameKind: await box.tried("host: ip link add i3 link d2 type ipvlan"),
      };
    },
  },
  {
    name: "a port of a bridge or a bond carries no ipvlan, and the parent of one becomes no port",
    expected: {
      onPort: "Device or resource busy",
      onBondPort: "Device or resource busy",
      parentToBridge: "Device or resource busy",
      onBridge: "done",
      onBond: "done",
    },
    observe: async (box) => {
      await box.run(`${bond("active-backup")}
        host: ip link add sw0 type bridge
        host: ip link add d1 type dummy
        host: ip link set d1 master sw0
        host: ip link add d2 type dummy
        host: ip link add i2 link d2 type ipvlan`);
      const on = (parent: string, name: string) =>
        box.tried(`host: ip link add ${name} link ${parent} type ipvlan`);
      return {
        onPort: await on("d1", "i1"),
        onBondPort: await on("q1", "i3"),
        parentToBridge: await box.tried("host: ip link set d2 master sw0"),
        onBridge: await on("sw0", "i4"),
        onBond: await on("bo", "i5"),
      };
    },
  },
  {
    name: "an ipvlan link is no port of a bridge, and no parent of a macvlan link",
    expected: { port: "Invalid argument", macvlan: "Invalid argument", control: "done" },
    observe: async (box) => {
      await box.run(`
        host: ip link add d1 type dummy
        host: ip link add d2 type dummy
        host: ip link add i1 link d1 type ipvlan
        host: ip link add sw0 type bridge`);
      return {
        port: await box.tried("host: ip link set i1 master sw0"),
        macvlan: await box.tried("host: ip link add m1 link i1 type macvlan"),
        control: await box.tried("host: ip link set d2 master sw0"),
      };
    },
  },
  {
    name: "loopback and links without Ethernet carry no ipvlan",
    expected: { lo: "Invalid argument", netlink: "Invalid argument", dummy: "done" },
    observe: async (box) => {
      await box.run(`
        host: ip link add n1 type nlmon
        host: ip link add d1 type dummy`);
      const on = (parent: string, name: string) =>
        box.tried(`host: ip link add ${name} link ${parent} type ipvlan`);
      return {
        lo: await on("lo", "i1"),
        netlink: await on("n1", "i2"),
        dummy: await on("d1", "i3"),
      };
    },
  },
];

const stacked: readonly Rule[] = [
  {
    name: "an ipvlan link on an ipvlan link is its sibling, in another namespace too",
    expected: { onAnother: "p0", control: "done", heard: ["a/ip"] },
    observe: async (box) => {
      await box.run(`${cable}
        host: ip link add i1 link p0 netns a type ipvlan mode l2
        a: ip link set i1 up`);
      const control = await box.tried("a: ip link add i2 link i1 type ipvlan mode l2");
      await box.run(`
        a: ip link del i1
        a: ip address add 10.0.0.7/24 dev i2
        a: ip link set i2 up`);
      const heard = await box.heard("lan:s0", echo(lan, { mac: host.mac, ip: "10.0.0.7" }), [
        "a/ip",
      ]);
      await box.run("a: ip link set i2 netns host");
      const row = await box.row("host: ip link show dev i2");
      return { onAnother: String(row.link), control, heard };
    },
  },
  {
    name: "who has no rights where the parent is makes no ipvlan sibling there, but a macvlan one",
    expected: { ipvlan: "Operation not permitted", macvlan: "done" },
    observe: async (box) => {
      await box.run(`
        host: ip link add d1 type dummy
        host: ip link add d2 type dummy
        host: ip link add i1 link d1 type ipvlan
        host: ip link add m1 link d2 type macvlan`);
      // A user namespace of its own has no rights in the one that the parent is in.
      const asGuest = (link: string, kind: string) =>
        box.tried(
          [
            "host: unshare -Urn sleep 20 & p=$!; own=$(readlink /proc/self/ns/net)",
            'until [ "$(readlink /proc/$p/ns/net)" != "$own" ]; do :; done',
            `ip link set ${link} netns $p; s=0`,
            "guest='nsenter -U -n --preserve-credentials -t'",
            `$guest $p ip link add x9 link ${link} type ${kind} || s=1`,
            "kill $p; exit $s",
          ].join("; "),
        );
      return { ipvlan: await asGuest("i1", "ipvlan"), macvlan: await asGuest("m1", "macvlan") };
    },
  },
  {
    name: "an ipvlan link lives on a macvlan link, and hears what is for that",
    expected: { heard: ["a/ip"], parents: [] },
    observe: async (box) => {
      await box.run(`${cable}
        host: ip link add m0 link p0 address ${macOf("2a")} type macvlan mode bridge
        host: ip link set m0 up
        host: ip link add i0 link m0 netns a type ipvlan mode l2
        a: ip address add 10.0.0.7/24 dev i0
        a: ip link set i0 up`);
      const at = (mac: string) => box.heard("lan:s0", echo(lan, { mac, ip: "10.0.0.7" }), ["a/ip"]);
      return { heard: await at(macOf("2a")), parents: await at(host.mac) };
    },
  },
  {
    name: "macvlan and ipvlan live on VLANs of one parent, and hear their tag only",
    expected: { macvlan: true, ipvlan: true, across: false },
    observe: async (box) => {
      const side = (name: string, parent: string) => `
        ${name}: ip link add v10 link ${parent} type vlan id 10
        ${name}: ip link add v20 link ${parent} type vlan id 20
        ${name}: ip link set v10 up
        ${name}: ip link set v20 up`;
      await box.run(`${cable} ${side("host", "p0")} ${side("lan", "s0")}
        lan: ip address add 10.1.0.1/24 dev v10
        lan: ip address add 10.2.0.1/24 dev v20
        host: ip link add m0 link v10 netns a type macvlan mode bridge
        host: ip link add i0 link v20 netns b type ipvlan mode l2
        a: ip address add 10.1.0.7/24 dev m0
        a: ip address add 10.2.0.7/24 dev m0
        a: ip link set m0 up
        b: ip address add 10.2.0.8/24 dev i0
        b: ip link set i0 up`);
      return {
        macvlan: await box.pings("a", "10.1.0.1"),
        ipvlan: await box.pings("b", "10.2.0.1"),
        across: await box.pings("a", "10.2.0.8"),
      };
    },
  },
];

const inFilter = (rows: readonly { readonly [key: string]: unknown }[]): boolean =>
  rows.some(({ mac }) => mac === macOf("2a"));

const q: readonly Ear[] = ["lan:q1x", "lan:q2x"];

const bonds: readonly Rule[] = [
  {
    name: "a bond tells the MAC of a macvlan link to the active port only, balanced it tells all",
    expected: { active: true, backup: false, balanced: [true, true] },
    observe: async (box) => {
      const child = `
        host: ip link add m0 link bo address ${macOf("2a")} type macvlan mode bridge
        host: ip link set m0 up`;
      await box.run(`${bond("active-backup")}\n${child}`);
      const knows = async (name: string) =>
        inFilter(await box.rows(`host: bridge fdb show dev ${name}`));
      await activate(box, "q1");
      const active = await knows("q1");
      const backup = await knows("q2");
      await box.run(`
        host: ip link del bo
        host: ip link del q1
        host: ip link del q2
        ${bond("balance-xor")}
        ${child}`);
      return { active, backup, balanced: [await knows("q1"), await knows("q2")] };
    },
  },
  {
    name: "a VLAN and a macvlan link on a bond send and hear through it",
    expected: { vlan: ["lan:q1x tag 10"], macvlan: ["lan:q1x"], heard: ["host:m0/stack"] },
    observe: async (box) => {
      await box.run(bond("active-backup"));
      await activate(box, "q1");
      await box.run(`
        host: ip link add v10 link bo type vlan id 10
        host: ip link set v10 up
        host: ip link add m0 link bo address ${macOf("2a")} type macvlan mode bridge
        host: ip link set m0 up`);
      const from = { mac: macOf("2a"), ip: "10.0.0.7" };
      return {
        vlan: await box.heard("host:v10", echo(from, lan), q),
        macvlan: await box.heard("host:m0", echo(from, lan), q),
        heard: await box.heard("lan:q1x", echo(lan, from), ["host:m0/stack"]),
      };
    },
  },
];

export const nestingRules: readonly Rule[] = [...exclusion, ...stacked, ...bonds];
