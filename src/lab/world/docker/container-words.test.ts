import { expect, test } from "bun:test";
import { parseScenario } from "../../format/parse-scenario.ts";
import { type Asked, attachmentsOf, connectWords, runWords } from "./container-words.ts";

const [engine20, engine28] = [41, 48];

/** The commands that make the container of this YAML. */
function commands(yaml: string, api = engine20): readonly string[] {
  const networks =
    "lan: { parent: eth0, subnets: [10.0.0.0/24, 'fd00::/64'] }, " +
    "back: { driver: docker-bridge }, side: { driver: docker-bridge }";
  const host =
    `{ nics: { eth0: { switch: sw0 } }, networks: { ${networks} }, ` +
    `containers: { c1: { ${yaml} } } }`;
  const text = `id: a\ntitle: b\ndoor: docker\nswitches: { sw0: {} }\nhosts: { h1: ${host} }\n`;
  const parsed = parseScenario(text, "a.yaml");
  if (!parsed.ok) throw new Error(parsed.error.detail);
  const [spec] = parsed.value.hosts;
  const [container] = spec?.containers ?? [];
  if (spec === undefined || container === undefined) throw new Error("no container");
  const asked = container.networks.flatMap((row): Asked[] =>
    spec.networks.flatMap((network) => (network.name === row.network ? { ...row, network } : [])),
  );
  const attachments = attachmentsOf(container, asked, api);
  if (!attachments.ok) return [`${attachments.error.code} ${attachments.error.facts.what}`];
  return attachments.value.map((attachment, index) => {
    const words = index === 0 ? runWords(container, attachment) : connectWords("c1", attachment);
    return words.ok ? words.value.join(" ") : `${words.error.code} ${words.error.facts.what}`;
  });
}

const run = "run --detach --name c1 --hostname c1 --network";
const ours = "name=lan,driver-opt=workload=c1";

test("addresses, MAC, sysctls and ports of a container", () => {
  const lan = "{ ip: [10.0.0.9, 'fd00::9'], mac: 02:00:00:00:00:09 }";
  const more = "sysctls: { net.ipv4.ip_forward: 1 }, publish: ['8080:80', '53:53/udp']";
  expect(commands(`networks: { lan: ${lan} }, ${more}`)).toEqual([
    `${run} ${ours},ip=10.0.0.9,ip6=fd00::9 --mac-address 02:00:00:00:00:09 ` +
      "--sysctl net.ipv4.ip_forward=1 --publish 8080:80 --publish 53:53/udp busybox",
  ]);
});

test("the first network by run, the others by connect, in the order of the file", () => {
  expect(commands("networks: { lan: {}, back: { ip: 172.20.0.9 }, side: {} }")).toEqual([
    `${run} ${ours} busybox`,
    "network connect --ip 172.20.0.9 back c1",
    "network connect side c1",
  ]);
});

test("the default route is asked for where the engine hears it", () => {
  const side = "networks: { lan: { defaultRoute: false }, side: { defaultRoute: true } }";
  expect(commands(side, engine28)).toEqual([
    `${run} ${ours},gw-priority=-1 busybox`,
    "network connect --gw-priority 1 side c1",
  ]);
  // Before, it is that of the name that sorts first, and asking for another one is refused.
  expect(commands("networks: { lan: { defaultRoute: true }, side: {} }")).toEqual([
    `${run} ${ours} busybox`,
    "network connect side c1",
  ]);
  expect(commands(side)[0]).toStartWith(
    "LF-LAB-UNSUPPORTED another default route than that of lan",
  );
  expect(commands("networks: { lan: { defaultRoute: false } }")[0]).toStartWith(
    "LF-LAB-UNSUPPORTED another default route",
  );
});

test.each([
  ["networks: { lan: { ifname: lan0 } }", "a link called lan0"],
  ["networks: { lan: { tap: true } }", "a macvtap link"],
  ["networks: { lan: { ip: [10.0.0.8, 10.0.0.9] } }", "two addresses of one version"],
  ["networks: { lan: {} }, sysctls: { net/ipv4/ip_forward: 1 }", "sysctl net/ipv4/ip_forward"],
])("%s is refused", (yaml, what) => {
  expect(commands(yaml)[0]).toStartWith(`LF-LAB-UNSUPPORTED ${what}`);
});

test("a MAC on a second network is refused", () => {
  const second = commands("networks: { back: {}, lan: { mac: 02:00:00:00:00:09 } }")[1];
  expect(second).toStartWith("LF-LAB-UNSUPPORTED a MAC on network lan");
});
