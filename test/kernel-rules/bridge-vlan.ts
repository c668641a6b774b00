import { ALL, echo, other, tagged } from "./frames.ts";
import type { Ear, Rule } from "./rule.ts";
import { macOf } from "./site.ts";

const port = (name: string) => `
  sw: ip link add ${name} type veth peer name ${name}x netns lan
  sw: ip link set ${name} master sw0
  sw: ip link set ${name} up
  lan: ip link set ${name}x up`;

/** A bridge with three ports; what is sent into xxx comes out of others' far ends. */
const build = `
  sw: ip link add sw0 address ${macOf("b0")} type bridge vlan_filtering 1 mcast_snooping 0
  ${["s1", "s2", "s3"].map(port).join("\n")}
  sw: ip link set sw0 up`;

const far: readonly Ear[] = ["lan:s2x", "lan:s3x"];
const [one, two] = [macOf("01"), macOf("02")];

export const bridgeVlanRules: readonly Rule[] = [
  {
    name: "a port and the bridge itself are born in VLAN 1, untagged",
    expected: { s1: ["1 PVID,Egress Untagged"], sw0: ["1 PVID,Egress Untagged"] },
    observe: async (box) => {
      await box.run(build);
      const rows = await box.rows("sw: bridge vlan show");
      const vlansOf = (name: string) => {
        const text = JSON.stringify(rows.find(({ ifname }) => ifname === name) ?? {});
        const { vlans = [] }: { vlans?: { vlan: number; flags?: string[] }[] } = JSON.parse(text);
        return vlans.map(({ vlan, flags = [] }) => `${vlan} ${flags}`);
      };
      return { s1: vlansOf("s1"), sw0: vlansOf("sw0") };
    },
  },
  {
    name: "a frame without a tag, or of VLAN 0, is in the port's PVID, and dropped without a PVID",
    expected: {
      plain: ["lan:s2x tag 10"],
      zero: ["lan:s2x tag 10"],
      withoutPvid: [],
      tagged: ["lan:s2x tag 10"],
    },
    observe: async (box) => {
      await box.run(`${build}
        sw: bridge vlan add dev s1 vid 10 pvid untagged
        sw: bridge vlan add dev s2 vid 10`);
      const plain = await box.heard("lan:s1x", other(one, two), far);
      const zero = await box.heard("lan:s1x", tagged(other(one, two), 0), far);
      await box.run("sw: bridge vlan add dev s1 vid 10");
      return {
        ...{ plain, zero, withoutPvid: await box.heard("lan:s1x", other(one, two), far) },
        tagged: await box.heard("lan:s1x", tagged(other(one, two), 10), far),
      };
    },
  },
  {
    name: "a frame of a VLAN that its port is not in is dropped",
    expected: { before: [], after: ["lan:s2x tag 20"] },
    observe: async (box) => {
      await box.run(`${build}
        sw: bridge vlan add dev s2 vid 20`);
      const before = await box.heard("lan:s1x", tagged(other(one, two), 20), far);
      await box.run("sw: bridge vlan add dev s1 vid 20");
      return { before, after: await box.heard("lan:s1x", tagged(other(one, two), 20), far) };
    },
  },
  {
    name: "a frame leaves by ports that are in its VLAN, without a tag where that is said",
    expected: { all: ["lan:s2x tag 10", "lan:s3x"], left: ["lan:s2x tag 10"] },
    observe: async (box) => {
      await box.run(`${build}
        sw: bridge vlan add dev s1 vid 10
        sw: bridge vlan add dev s2 vid 10
        sw: bridge vlan add dev s3 vid 10 untagged`);
      const all = await box.heard("lan:s1x", tagged(other(one, ALL), 10), far);
      await box.run("sw: bridge vlan del dev s3 vid 10");
      return { all, left: await box.heard("lan:s1x", tagged(other(one, ALL), 10), far) };
    },
  },
  {
    name: "what is learnt in one VLAN is unknown in another",
    expected: { learnt: ["lan:s2x tag 10"], other: ["lan:s2x tag 20", "lan:s3x tag 20"] },
    observe: async (box) => {
      await box.run(build);
      const both = ["s1", "s2", "s3"].flatMap((name) =>
        [10, 20].map((vid) => `sw: bridge vlan add dev ${name} vid ${vid}`),
      );
      await box.run(both.join("\n"));
      await box.heard("lan:s2x", tagged(other(two, ALL), 10), []);
      return {
        learnt: await box.heard("lan:s1x", tagged(other(one, two), 10), far),
        other: await box.heard("lan:s1x", tagged(other(one, two), 20), far),
      };
    },
  },
  {
    name: "without VLAN filtering a frame passes with any tag, and one table is for all VLANs",
    expected: { unknown: ["lan:s2x tag 10", "lan:s3x tag 10"], learnt: ["lan:s2x tag 20"] },
    observe: async (box) => {
      await box.run(`${build}
        sw: ip link set sw0 type bridge vlan_filtering 0`);
      const unknown = await box.heard("lan:s1x", tagged(other(one, two), 10), far);
      await box.heard("lan:s2x", tagged(other(two, ALL), 10), []);
      return { unknown, learnt: await box.heard("lan:s1x", tagged(other(one, two), 20), far) };
    },
  },
  {
    name: "the bridge's own IP stack is in its PVID, and in others by links of VLANs on it",
    expected: { pvid: ["sw/ip"], other: [], withLink: ["sw/ip"] },
    observe: async (box) => {
      await box.run(`${build}
        sw: ip address add 10.0.0.1/24 dev sw0
        sw: ip link add br10 link sw0 type vlan id 10
        sw: ip address add 10.1.0.1/24 dev br10
        sw: ip link set br10 up
        sw: bridge vlan add dev s1 vid 10`);
      const from = { mac: one, ip: "10.1.0.9" };
      const at = (ip: string) => echo(from, { mac: macOf("b0"), ip });
      const pvid = await box.heard("lan:s1x", at("10.0.0.1"), ["sw/ip"]);
      const other = await box.heard("lan:s1x", tagged(at("10.1.0.1"), 10), ["sw/ip"]);
      await box.run("sw: bridge vlan add dev sw0 vid 10 self");
      return {
        ...{ pvid, other },
        withLink: await box.heard("lan:s1x", tagged(at("10.1.0.1"), 10), ["sw/ip"]),
      };
    },
  },
  {
    name: "flood off binds what the bridge itself sends to nobody known, bcast_flood off does not",
    expected: { flooded: [...far], unicast: ["lan:s3x"], broadcast: [...far] },
    observe: async (box) => {
      await box.run(build);
      const from = macOf("b0");
      const flooded = await box.heard("sw:sw0", other(from, two), far);
      await box.run("sw: bridge link set dev s2 flood off bcast_flood off");
      return {
        ...{ flooded, unicast: await box.heard("sw:sw0", other(from, two), far) },
        broadcast: await box.heard("sw:sw0", other(from, ALL), far),
      };
    },
  },
  {
    name: "what the bridge sends to a local MAC that is no port's is dropped",
    expected: { unknown: [...far], local: [] },
    observe: async (box) => {
      await box.run(build);
      const unknown = await box.heard("sw:sw0", other(macOf("b0"), two), far);
      await box.run(`sw: bridge fdb add ${two} dev sw0 self local`);
      return { unknown, local: await box.heard("sw:sw0", other(macOf("b0"), two), far) };
    },
  },
  {
    name: "without STP a port's state that is set by hand stays only if it is disabled",
    expected: { blocking: "forwarding", disabled: "disabled" },
    observe: async (box) => {
      await box.run(`${build}\nsw: bridge link set dev s2 state 4`);
      const stateOf = async () => String((await box.row("sw: bridge link show dev s2")).state);
      const blocking = await stateOf();
      await box.run("sw: bridge link set dev s2 state 0");
      return { blocking, disabled: await stateOf() };
    },
  },
];
