import { expect, test } from "bun:test";
import { parseScenario } from "../../format/parse-scenario.ts";
import type { ScenarioNetwork } from "../../format/scenario.ts";
import { networkWords } from "./network-words.ts";

/** The network of this YAML on a host with the link eth0. */
function networkOf(yaml: string): ScenarioNetwork {
  const host = `{ nics: { eth0: { switch: sw0 } }, networks: { lan: { ${yaml} } } }`;
  const text = `id: a\ntitle: b\ndoor: docker\nswitches: { sw0: {} }\nhosts: { h1: ${host} }\n`;
  const parsed = parseScenario(text, "a.yaml");
  if (!parsed.ok) throw new Error(parsed.error.detail);
  const [network] = parsed.value.hosts[0]?.networks ?? [];
  if (network === undefined) throw new Error("no network");
  return network;
}

function words(yaml: string, api = 41): string {
  const told = networkWords(networkOf(yaml), api);
  return told.ok ? told.value.join(" ") : `${told.error.code} ${told.error.facts.what}`;
}

const ours = "network create --driver landfall --ipam-driver landfall --opt name=lan";
const four = "subnets: [10.0.0.0/24]";

test("what Docker has words for itself is said with those", () => {
  const yaml = `parent: eth0, ${four}, gateway: 10.0.0.1, ranges: [10.0.0.128/25], internal: true`;
  expect(words(`${yaml}, exclude: [10.0.0.130, 10.0.0.131]`)).toBe(
    `${ours} --opt parent=eth0 --ip-range 10.0.0.128/25 --subnet 10.0.0.0/24 --gateway 10.0.0.1 ` +
      "--aux-address exclude0=10.0.0.130 --aux-address exclude1=10.0.0.131 --internal lan",
  );
});

test("all else are options of the driver", () => {
  const mac = "02:00:00:00:00:01";
  const yaml = `parent: eth0, mode: source, flag: nodst, source: [${mac}], mtu: 1400, ${four}`;
  const more = "bcqueuelen: 5, reservations: { c1: 10.0.0.7 }, routes: [{ to: 10.9.0.0/16 }]";
  const ranges = "ranges: [10.0.0.5-10.0.0.9, 10.0.0.16/30], exclude: [10.0.0.6-10.0.0.7]";
  expect(words(`${yaml}, ${more}, ${ranges}`)).toBe(
    `${ours} --opt parent=eth0 --opt mode=source --opt flag=nodst --opt bcqueuelen=5 ` +
      `--opt mtu=1400 --opt source=${mac} --opt range=10.0.0.5-10.0.0.9,10.0.0.16-10.0.0.19 ` +
      "--opt exclude=10.0.0.6-10.0.0.7 --opt reserve=c1=10.0.0.7 --opt route=10.9.0.0/16 " +
      "--subnet 10.0.0.0/24 lan",
  );
});

test("a range that is a prefix of one address, or of all, is one", () => {
  const range = (text: string) => words(`parent: eth0, ${four}, ranges: [${text}]`);
  expect(range("10.0.0.9")).toContain("--ip-range 10.0.0.9/32 ");
  expect(range("10.0.0.0-10.0.0.255")).toContain("--ip-range 10.0.0.0/24 ");
  expect(range("10.0.0.1-10.0.0.2")).toContain("--opt range=10.0.0.1-10.0.0.2 ");
  expect(range("10.0.0.4-10.0.0.6")).toContain("--opt range=10.0.0.4-10.0.0.6 ");
});

test("both families, and IPv6 alone from the engines on that know it", () => {
  const six = "parent: eth0, subnets: ['fd00::/64']";
  expect(words("parent: eth0, subnets: [10.0.0.0/24, 'fd00::/64']")).toContain(" --ipv6 ");
  expect(words(six, 48)).toContain(" --ipv6 --ipv4=false --subnet fd00::/64 ");
  expect(words(six, 47)).toBe(
    "LF-LAB-UNSUPPORTED a network without IPv4 through this Docker (network lan)",
  );
});

test("Docker's own bridge takes what Docker has words for, and nothing else", () => {
  const bridge = (more: string) => words(`driver: docker-bridge, ${four}, ${more}`);
  expect(bridge("mtu: 1400, ranges: [10.0.0.64/26], exclude: [10.0.0.70]")).toBe(
    "network create --driver bridge --opt com.docker.network.driver.mtu=1400 " +
      "--ip-range 10.0.0.64/26 --subnet 10.0.0.0/24 --aux-address exclude0=10.0.0.70 lan",
  );
  expect(bridge("ranges: [10.0.0.5-10.0.0.9]")).toMatch(
    /^LF-LAB-UNSUPPORTED range 10.0.0.5-10.0.0.9/,
  );
  expect(bridge("exclude: [10.0.0.0/30]")).toMatch(/^LF-LAB-UNSUPPORTED exclude 10.0.0.0-10.0.0.3/);
});

test("driver and VLAN are options of ours", () => {
  const said = words(`driver: ipvlan, mode: l3, parent: eth0, vlan: 7, ${four}`);
  expect(said).toContain("--opt vlan=7 --opt mode=l3");
  expect(said).toContain("--opt driver=ipvlan");
  const nested = words(`parent: eth0, vlan: ["802.1ad:7", 8], ${four}`);
  expect(nested).toContain("--opt vlan=802.1ad:7,8 ");
});

test.each([
  ["parent: eth0, hostAccess: shim", "hostAccess shim"],
  ["parent: eth0, addressing: dhcp", "addressing dhcp"],
])("%s is refused", (yaml, what) => {
  expect(words(`${yaml}, ${four}`)).toContain(`LF-LAB-UNSUPPORTED ${what}`);
});
