/**
 * ipvlan and 802.1Q parents by our own commands, on a kernel that has both; iproute2 and ping say
 * what came of it. All in one boot, and one process, since starting takes longest there.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bootUml, hasUml } from "./support/uml.ts";

const directory = mkdtempSync(join(tmpdir(), "landfall-drivers-"));
const loop = join(directory, "cli-loop.js");
/** What was said in the guest, by the word that it was said under. */
const said = new Map<string, string>();

/** `lf` is our command, `code` what it is refused with, `say WORD COMMAND…` what one shows. */
const script = `
mkfifo /run/ask /run/told
BUN_RUNTIME_TRANSPILER_CACHE_PATH=0 ${process.execPath} ${loop} /run/ask /run/told /run &
exec 7>/run/ask 8</run/told
lf() {
  local code printed
  echo "$*" >&7
  read -r -u8 code
  mapfile -t printed </run/out
  printf '%s\n' "\${printed[@]}"
  return "$code"
}
code() {
  lf "$@" >&9 || true
  mapfile -t printed </run/err
  if [[ "\${printed[*]}" =~ LF-[A-Z-]* ]]; then echo "\${BASH_REMATCH[0]}"; fi
}
say() { local word=$1; shift; echo "$word $("$@" 2>&1 | tr '\\n' ' ')"; }
pings() { ip netns exec "$1" ping -c1 -W2 "$2" >&9 2>&9 && echo yes || echo no; }
exec 9>/dev/null
for n in p q; do
  ip link add "\${n}0" type veth peer "\${n}1"; ip link set "\${n}0" up; ip link set "\${n}1" up
done
ip address add 192.168.1.10/24 dev p0
ip link add other type dummy; ip address add 192.168.1.99/32 dev other; ip link set other up
for n in a b c d e f; do ip netns add $n; done

lf net create iv --parent p0 --driver ipvlan --subnet 192.168.1.0/24 >&9
lf attach iv --netns a --ip 192.168.1.50 >&9
lf attach iv --netns b >&9
say link ip -n a -d -j link show eth0
say parent ip -j link show p0
say sibling pings a 192.168.1.1
say second ip -n b -j -4 address show eth0
say shared code net create iv2 --parent p0 --driver ipvlan --mode l3 --subnet 192.168.1.0/24
say exclusive code net create mv --parent p0 --subnet 192.168.1.0/24
say mac code attach iv --netns c --mac 02:00:00:00:00:09
say host code attach iv --netns c --ip 192.168.1.10
say elsewhere code attach iv --netns c --ip 192.168.1.99
say mode ip -n b -d -j link show eth0

lf net create far --parent q0 --driver ipvlan --mode l3 --subnet 10.5.0.0/24 --subnet fd05::/64 >&9
lf net create far2 --parent q0 --driver ipvlan --mode l3 --subnet 10.6.0.0/24 >&9
lf attach far --netns c --ip 10.5.0.2 >&9
lf attach far2 --netns d --ip 10.6.0.2 >&9
say routes ip -n c -j route show default
say across pings c 10.6.0.2

ip netns exec d sleep 1000 & sleeper=$!
held=$(lf endpoint ls | tr -d '\\n' | grep -o '"ep-[0-9a-z]*"[^{}]*"far2"' | grep -o 'ep-[0-9a-z]*')
ip netns del d
say unreachable code detach "$held"
kill $sleeper; wait $sleeper || true
for i in 1 2 3 4 5 6 7 8 9 10; do
  gone=$(code detach "$held"); [ -z "$gone" ] && break; sleep 0.2
done
say gone echo "\${gone:-detached}"

lf net create t1 --parent q1 --vlan 100 --subnet 10.100.0.0/24 --ip-range 10.100.0.0/25 >&9
say made ip -d -j link show q1.100
lf net create t2 --parent q1.100 --subnet 10.100.0.0/24 --ip-range 10.100.0.128/25 >&9
lf attach t1 --netns e >&9
lf attach t2 --netns f >&9
say within pings e 10.100.0.128
say inuse code net rm t1
lf detach --netns e >&9
lf net rm t1 >&9
say kept ip -br link show q1.100
lf detach --netns f >&9
lf net rm t2 >&9
say removed ip -br link show q1.100
ip link add link q1 name mine type vlan id 200
lf net create t3 --parent q1 --vlan 200 --subnet 10.200.0.0/24 >&9
say named lf net inspect t3
lf net rm t3 >&9
say left ip -br link show mine
lf net create t4 --parent q1 --vlan 802.1ad:10 --vlan 20 --subnet 10.20.0.0/24 >&9
say outer ip -d -j link show q1.10
say inner ip -d -j link show q1.10.20
lf net rm t4 >&9
say none ip -br link show type vlan

lf net create t5 --parent q1 --vlan 300 --subnet 10.30.0.0/24 >&9
lf attach t5 --netns e >&9
lf attach t5 --netns f >&9
say vbefore ip -n e -j address show dev eth0
ip link del dev q1.300
say vdrift lf status
lf reconcile >&9
say vafter ip -n e -j address show dev eth0
say vpings pings e 10.30.0.2
say valias ip -d -j link show q1.300
ip link add w0 type veth peer name w1; ip link set w0 up; ip link set w1 up
lf net create iv3 --parent w0 --driver ipvlan --mode l3 --subnet 10.40.0.0/24 >&9
ip netns add k; ip netns add l
lf attach iv3 --netns k >&9
lf attach iv3 --netns l >&9
say iroutes ip -n k -j route show default
ip link del dev w0
say idrift lf status
ip link add w0 type veth peer name w1; ip link set w0 up; ip link set w1 up
lf reconcile >&9
say ipings pings k 10.40.0.2
say iagain ip -n k -j route show default
ip link set dev w0 mtu 1400
ip link set dev w0 mtu 1500
say ifollows ip -n k -j link show dev eth0
say iwell code status

for n in r s t u; do
  ip link add "\${n}0" type veth peer name "\${n}1"; ip link set "\${n}0" up
done
ip link set s1 up
warned() {
  lf net create "$@" >&9 || true
  mapfile -t printed </run/out
  if [[ "\${printed[*]}" =~ LF-PARENT-[A-Z]* ]]; then echo "\${BASH_REMATCH[0]}"; else echo none; fi
}
ip link add br0 type bridge; ip link set br0 up; ip link set s1 master br0
ip link add bond7 type bond mode balance-alb; ip link set t1 master bond7; ip link set bond7 up
say bridged warned br1 --parent br0 --vlan 3 --subnet 10.31.0.0/24
say bridgedip warned br2 --parent br0 --driver ipvlan --subnet 10.32.0.0/24
say bonded warned bo1 --parent bond7 --vlan 3 --subnet 10.33.0.0/24
say bondedip warned bo2 --parent bond7 --driver ipvlan --subnet 10.34.0.0/24
say port code net create po1 --parent s1 --vlan 3 --subnet 10.35.0.0/24
say bondport code net create po2 --parent t1 --subnet 10.36.0.0/24
say large code net create bi1 --parent u1 --vlan 3 --mtu 1501 --subnet 10.37.0.0/24

say down warned do1 --parent r1 --vlan 5 --subnet 10.38.0.0/24
say isdown ip -j link show r1.5
ip link set r1 up
say isup ip -j link show r1.5

ip link set u1 up
lf net create ta1 --parent u1 --vlan 6 --driver ipvlan --subnet 10.39.0.0/24 >&9
lf net create ta2 --parent r1.5 --subnet 10.38.0.0/24 >&9
for n in g h; do ip netns add $n; done
say ipvtap lf attach ta1 --tap --netns g
say ipvtaplink ip -n g -d -j link show eth0
say ipvtapdev ip netns exec g sh -c 'ls /sys/class/net/eth0 | grep ^tap'
say macvtap lf attach ta2 --tap --netns h
say macvtaplink ip -n h -d -j link show eth0
say macvtapdev ip netns exec h sh -c 'ls /sys/class/net/eth0 | grep ^tap'
`;

beforeAll(async () => {
  if (!hasUml) return;
  const entrypoints = [join(import.meta.dirname, "support/cli-loop.ts")];
  const built = await Bun.build({ entrypoints, target: "bun", minify: true });
  writeFileSync(loop, (await built.outputs[0]?.text()) ?? "");
  const onLine = (line: string): void => {
    const [word = "", ...rest] = line.split(" ");
    said.set(word, rest.join(" ").trim());
  };
  await using machine = bootUml({ script, limitSeconds: 400, onLine });
  const ending = await machine.ended;
  if (ending.kind !== "finished" || ending.status !== 0) throw new Error(JSON.stringify(ending));
}, 450_000);

afterAll(() => rmSync(directory, { recursive: true }));

const of = (word: string): string => said.get(word) ?? `nothing was said of ${word}`;
const json = (word: string) => JSON.parse(of(word))[0];
const uml = test.skipIf(!hasUml);

uml("an ipvlan endpoint has its parent's MAC, its own address, and reaches its sibling", () => {
  const link = json("link");
  expect(link.linkinfo).toMatchObject({ info_kind: "ipvlan", info_data: { mode: "l2" } });
  expect(link.address).toBe(json("parent").address);
  expect(link.flags).toContain("UP");
  expect(json("second").addr_info[0].local).toBe("192.168.1.1");
  expect(of("sibling")).toBe("yes");
});

uml("what would change other networks' links, or take the host's addresses, is refused", () => {
  const codes = ["shared", "exclusive", "mac", "host", "elsewhere"].map(of);
  expect(codes).toEqual([
    "LF-IPVLAN-SHARED",
    "LF-DRIVERS-EXCLUSIVE",
    "LF-IPVLAN-MAC",
    "LF-ADDRESS-UNUSABLE",
    "LF-ADDRESS-UNUSABLE",
  ]);
  expect(json("mode").linkinfo.info_data.mode).toBe("l2");
});

uml("in layer 3 the default route is the link, and the host routes between subnets", () => {
  expect(json("routes")).toMatchObject({ dst: "default", dev: "eth0" });
  expect(json("routes").gateway).toBeUndefined();
  expect(of("across")).toBe("yes");
});

uml("an address of a link that nothing leads to is not free while the link lives", () => {
  expect([of("unreachable"), of("gone")]).toEqual(["LF-SANDBOX-UNREACHABLE", "detached"]);
});

uml("a VLAN's link is made, shared, and deleted with its last network", () => {
  const made = json("made");
  expect(made.linkinfo).toMatchObject({ info_kind: "vlan", info_data: { id: 100 } });
  expect(made.ifalias).toMatch(/^landfall:[0-9a-f-]{36}:parent$/);
  expect([of("within"), of("inuse")]).toEqual(["yes", "LF-NETWORK-IN-USE"]);
  expect(of("kept")).toStartWith("q1.100@q1");
  expect(of("removed")).toContain("does not exist");
});

uml("a VLAN's link that was there is used by whatever name, and stays", () => {
  expect(of("named")).toMatch(/"parent": *"mine"/);
  expect(of("named")).toMatch(/"segment": *"q1.200"/);
  expect(of("left")).toStartWith("mine@q1");
});

uml("tags in tags are links on links, and go together", () => {
  const data = (word: string) => json(word).linkinfo.info_data;
  expect(data("outer")).toMatchObject({ protocol: "802.1ad", id: 10 });
  expect(data("inner")).toMatchObject({ protocol: "802.1Q", id: 20 });
  expect(of("none")).toStartWith("mine@q1");
});

uml(
  "what does not work on a bridge or a bond is said, of their VLANs too, and not of ipvlan",
  () => {
    const words = ["bridged", "bridgedip", "bonded", "bondedip", "port", "bondport", "large"];
    expect(words.map(of)).toEqual([
      ...["LF-PARENT-BRIDGE", "none", "LF-PARENT-BALANCES", "none"],
      ...["LF-PARENT-BUSY", "LF-PARENT-BUSY", "LF-MTU-TOO-LARGE"],
    ]);
  },
);

uml("the link of a VLAN goes up together with the one beneath", () => {
  expect(of("down")).toBe("LF-PARENT-DOWN");
  expect(json("isdown").flags).not.toContain("UP");
  expect(json("isup").flags).toContain("UP");
});

uml.each(["ipvtap", "macvtap"])("an %s endpoint on a VLAN is told with its device", (kind) => {
  const { ifindex, linkinfo } = json(`${kind}link`);
  expect(linkinfo.info_kind).toBe(kind);
  expect(JSON.parse(of(kind)).endpoint.tap).toBe(`/dev/tap${ifindex}`);
  expect(of(`${kind}dev`)).toBe(`tap${ifindex}`);
});

/** What a namespace's link is known by: the kernel chose the rest. */
const seen = (word: string) => {
  const { ifname, address, mtu, addr_info } = json(word);
  const own = addr_info.filter(({ scope }: { scope: string }) => scope === "global");
  return { ifname, address, mtu, own: own.map(({ local }: { local: string }) => local) };
};

uml("a VLAN's link that was deleted is made anew, with its mark and the endpoints on it", () => {
  expect(of("vdrift")).toMatch(/"kind": *"parent-missing"/);
  expect(of("vdrift")).toMatch(/"action": *"repair"/);
  expect(of("vdrift")).not.toContain("link-missing");
  expect(seen("vafter")).toEqual(seen("vbefore"));
  expect(json("valias").ifalias).toMatch(/^landfall:[0-9a-f-]{36}:parent$/);
  expect(of("vpings")).toBe("yes");
});

uml("ipvlan endpoints are made anew when their parent is there again, with their routes", () => {
  expect(of("idrift")).toMatch(/"kind": *"parent-missing"/);
  expect(json("iagain")).toEqual(json("iroutes"));
  expect(of("ipings")).toBe("yes");
  // The kernel raises the MTU of ipvlan links with their parent's, so there is no drift.
  expect([json("ifollows").mtu, of("iwell")]).toEqual([1500, ""]);
});
