import { expect, test } from "bun:test";
import { chmodSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parsePrefix } from "../src/addr/index.ts";
import { checkNetwork, type IfName, type NetworkName } from "../src/domain/index.ts";
import { openCniSite } from "./support/cni-site.ts";
import { inside, openLan, pathOf, pings, seenAddresses, seenLinks } from "./support/lan.ts";
import { must } from "./support/must.ts";

function openSite() {
  const lan = openLan();
  const cni = openCniSite(lan.platform, lan.host);
  const close = () => {
    cni[Symbol.dispose]();
    lan[Symbol.dispose]();
  };
  return { lan, cni, [Symbol.dispose]: close };
}

const done = { exitCode: 0, stdout: "" } as const;
const parsed = (text: string) => JSON.parse(text);

test("type landfall: the network says everything, and one book has all of its addresses", async () => {
  using site = openSite();
  const { lan, cni } = site;
  const wish = {
    ...{ name: "lan" as NetworkName, parent: "p0" as IfName, reach: "routed" as const },
    driver: { kind: "macvlan", mode: "bridge" } as const,
    subnets: [must(parsePrefix("10.0.0.0/24"))],
    ...{ gateways: ["10.0.0.1"] as never, ranges: [], exclusions: [], routes: [] },
  };
  must(await cni.engine.createNetwork(must(checkNetwork(wish))));
  const config = { cniVersion: "1.0.0", name: "k8s", type: "landfall", network: "lan" };
  const netns = lan.sandbox();
  const pod = cni.pod("pod1", netns);
  const added = parsed((await cni.run("landfall", "ADD", config, pod)).stdout);
  const [address] = seenAddresses(netns, "eth0");
  expect(added.ips).toEqual([{ address, gateway: "10.0.0.1", interface: 0 }]);
  expect(added.routes).toEqual([{ dst: "0.0.0.0/0", gw: "10.0.0.1" }]);
  expect(inside(netns, "ip", "route", "show", "default")).toContain("via 10.0.0.1 dev eth0");
  expect(pings(netns, "10.0.0.1")).toBe("reachable");
  const static_ = {
    ...{ cniVersion: "1.0.0", name: "pods", type: "macvlan", master: "p0" },
    ipam: { type: "static", addresses: [{ address }] },
  };
  const rival = await cni.run("macvlan", "ADD", static_, cni.pod("pod2", lan.sandbox()));
  expect(rival.exitCode).toBe(1);
  const later = { ...config, prevResult: added };
  expect(await cni.run("landfall", "CHECK", later, pod)).toEqual(done);
  expect(await cni.run("landfall", "DEL", later, pod)).toEqual(done);
  expect(seenLinks(netns)).toEqual([]);
  expect(await cni.run("landfall", "STATUS", { ...config, cniVersion: "1.1.0" })).toEqual(done);
  const lost = { ...config, cniVersion: "1.1.0", network: "lost" };
  expect(parsed((await cni.run("landfall", "STATUS", lost)).stdout)).toMatchObject({ code: 50 });
  expect((await cni.run("landfall", "ADD", lost, pod)).exitCode).toBe(1);
});

test("without master the link hangs on the one of the default route", async () => {
  using site = openSite();
  const { lan, cni } = site;
  const config = {
    ...{ cniVersion: "1.0.0", name: "pods", type: "macvlan" },
    ipam: {
      type: "host-local",
      dataDir: cni.dataDir,
      subnet: "10.0.0.0/24",
      rangeStart: "10.0.0.50",
    },
  };
  const netns = lan.sandbox();
  const refused = await cni.run("macvlan", "ADD", config, cni.pod("pod1", netns));
  expect(parsed(refused.stdout).msg).toStartWith("There is no default route");
  inside(lan.host, "ip", "route", "add", "default", "via", "10.0.0.1");
  expect((await cni.run("macvlan", "ADD", config, cni.pod("pod1", netns))).exitCode).toBe(0);
  expect(pings(netns, "10.0.0.1")).toBe("reachable");
});

test("linkInContainer: the parent is in the container", async () => {
  using site = openSite();
  const { lan, cni } = site;
  const netns = lan.sandbox();
  // The machine's end of the wire stays; the host's goes into the container.
  inside(lan.host, "ip", "link", "set", "dev", "p0", "netns", pathOf(netns));
  inside(netns, "ip", "link", "set", "dev", "p0", "up");
  const config = {
    ...{ cniVersion: "1.0.0", name: "pods", type: "macvlan", master: "p0", linkInContainer: true },
    ipam: {
      type: "host-local",
      dataDir: cni.dataDir,
      subnet: "10.0.0.0/24",
      rangeStart: "10.0.0.50",
    },
  };
  const pod = { ...cni.pod("pod1", netns), CNI_IFNAME: "net1" };
  const added = await cni.run("macvlan", "ADD", config, pod);
  expect(added).toMatchObject({ exitCode: 0 });
  expect(pings(netns, "10.0.0.1")).toBe("reachable");
  const later = { ...config, prevResult: parsed(added.stdout) };
  expect(await cni.run("macvlan", "CHECK", later, pod)).toEqual(done);
  expect(await cni.run("macvlan", "DEL", later, pod)).toEqual(done);
  expect(seenLinks(netns).map(({ ifname }) => ifname)).toEqual(["p0"]);
  expect(existsSync(join(cni.dataDir, "pods", "10.0.0.50"))).toBe(false);
});

test("another's IPAM plugin, a program, gives and takes the addresses", async () => {
  using site = openSite();
  const { lan, cni } = site;
  const log = join(cni.dataDir, "log");
  const script = `#!/bin/sh
echo "$CNI_COMMAND $CNI_CONTAINERID $CNI_IFNAME" >> ${log}
[ "$CNI_COMMAND" = ADD ] || exit 0
echo '{"cniVersion":"1.0.0","ips":[{"address":"10.0.0.66/24","gateway":"10.0.0.1"}],
  "routes":[{"dst":"0.0.0.0/0"}]}'
`;
  writeFileSync(join(cni.dataDir, "theirs"), script);
  chmodSync(join(cni.dataDir, "theirs"), 0o755);
  const config = {
    ...{ cniVersion: "1.0.0", name: "pods", type: "macvlan", master: "p0" },
    ipam: { type: "theirs" },
  };
  const netns = lan.sandbox();
  const env = { CNI_PATH: cni.dataDir, PATH: "/usr/bin:/bin" };
  const pod = { ...cni.pod("pod1", netns), ...env };
  expect((await cni.run("macvlan", "ADD", config, pod)).exitCode).toBe(0);
  expect(seenAddresses(netns, "eth0")).toEqual(["10.0.0.66/24"]);
  expect(inside(netns, "ip", "route", "show", "default")).toContain("via 10.0.0.1 dev eth0");
  // The same address for a second container: the book refuses it, and it is given back.
  const other = { ...cni.pod("pod2", lan.sandbox()), ...env };
  expect((await cni.run("macvlan", "ADD", config, other)).exitCode).toBe(1);
  expect(await cni.run("macvlan", "DEL", config, pod)).toEqual(done);
  expect(seenLinks(netns)).toEqual([]);
  const asked = (await Bun.file(log).text()).trim().split("\n");
  expect(asked).toEqual(["ADD pod1 eth0", "ADD pod2 eth0", "DEL pod2 eth0", "DEL pod1 eth0"]);
});

test("a route without a gateway leads to the router of the pool that the address is of", async () => {
  using site = openSite();
  const { lan, cni } = site;
  const pools = [
    { subnet: "10.0.0.0/24", rangeStart: "10.0.0.50", rangeEnd: "10.0.0.50" },
    { subnet: "10.7.0.0/24", rangeStart: "10.7.0.50", gateway: "10.7.0.254" },
  ];
  const config = {
    ...{ cniVersion: "1.0.0", name: "pods", type: "macvlan", master: "p0" },
    ipam: {
      ...{ type: "host-local", dataDir: cni.dataDir, ranges: [pools] },
      routes: [{ dst: "0.0.0.0/0" }],
    },
  };
  const [a, b] = [lan.sandbox(), lan.sandbox()];
  await cni.run("macvlan", "ADD", config, cni.pod("a", a));
  const second = await cni.run("macvlan", "ADD", config, cni.pod("b", b));
  expect(parsed(second.stdout).ips).toEqual([
    { address: "10.7.0.50/24", gateway: "10.7.0.254", interface: 0 },
  ]);
  expect(inside(a, "ip", "route", "show", "default")).toContain("via 10.0.0.1 ");
  expect(inside(b, "ip", "route", "show", "default")).toContain("via 10.7.0.254 ");
});
