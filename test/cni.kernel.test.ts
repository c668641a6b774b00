import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type CniSite, openCniSite } from "./support/cni-site.ts";
import { inside, openLan, pathOf, seenLinks, tryInside } from "./support/lan.ts";

function openSite() {
  const lan = openLan();
  const cni = openCniSite(lan.platform, lan.host);
  const config = {
    cniVersion: "1.0.0",
    name: "pods",
    type: "macvlan",
    master: "p0",
    ipam: {
      type: "host-local",
      dataDir: cni.dataDir,
      ranges: [
        [{ subnet: "10.0.0.0/24", rangeStart: "10.0.0.50", rangeEnd: "10.0.0.60" }],
        [{ subnet: "fd00::/64", rangeStart: "fd00::50", rangeEnd: "fd00::60" }],
      ],
      routes: [{ dst: "0.0.0.0/0" }, { dst: "192.0.2.0/24", gw: "10.0.0.9" }],
    },
  };
  return {
    lan,
    cni,
    config,
    [Symbol.dispose]: () => {
      cni[Symbol.dispose]();
      lan[Symbol.dispose]();
    },
  };
}

const done = { exitCode: 0, stdout: "" } as const;
const parsed = (text: string) => JSON.parse(text);

/** The files of the configuration, by name; its lock is not one. */
function filesOf({ dataDir }: CniSite): Readonly<Record<string, string>> {
  const directory = join(dataDir, "pods");
  if (!existsSync(directory)) return {};
  const names = readdirSync(directory).filter((name) => name !== "lock");
  return Object.fromEntries(
    names.toSorted().map((name) => [name, readFileSync(join(directory, name), "utf8")]),
  );
}

describe("the life of a pod on macvlan, as the kubelet's runtime leads it", () => {
  test("ADD, CHECK, DEL, DEL without a namespace, GC", async () => {
    using site = openSite();
    const { lan, cni, config } = site;
    const netns = lan.sandbox();
    const pod = cni.pod("pod1", netns);
    const added = await cni.run("macvlan", "ADD", config, pod);
    expect(added).toMatchObject({ exitCode: 0 });
    const result = parsed(added.stdout);
    const [seen] = seenLinks(netns).filter(({ ifname }) => ifname === "eth0");
    expect(result).toEqual({
      cniVersion: "1.0.0",
      interfaces: [{ name: "eth0", mac: seen?.address, mtu: 1500, sandbox: pathOf(netns) }],
      ips: [
        { address: "10.0.0.50/24", gateway: "10.0.0.1", interface: 0 },
        { address: "fd00::50/64", gateway: "fd00::1", interface: 0 },
      ],
      routes: config.ipam.routes,
    });
    const routes = inside(netns, "ip", "route", "show");
    expect(routes).toContain("default via 10.0.0.1 dev eth0");
    expect(routes).toContain("192.0.2.0/24 via 10.0.0.9 dev eth0");
    inside(netns, "ping", "-c1", "-W2", "10.0.0.1");
    inside(netns, "ping", "-c1", "-W2", "fd00::1");
    expect(filesOf(cni)).toEqual({
      "10.0.0.50": "pod1\r\neth0",
      "fd00::50": "pod1\r\neth0",
      "last_reserved_ip.0": "10.0.0.50",
      "last_reserved_ip.1": "fd00::50",
    });
    const later = { ...config, prevResult: result };
    expect(await cni.run("macvlan", "CHECK", later, pod)).toEqual(done);
    expect(await cni.run("macvlan", "DEL", later, pod)).toEqual(done);
    expect(seenLinks(netns).map(({ ifname }) => ifname)).toEqual([]);
    expect(Object.keys(filesOf(cni))).toEqual(["last_reserved_ip.0", "last_reserved_ip.1"]);
    expect(await cni.run("macvlan", "DEL", config, { ...pod, CNI_NETNS: "" })).toEqual(done);
    const gc = { ...config, cniVersion: "1.1.0", "cni.dev/valid-attachments": [] };
    expect(await cni.run("macvlan", "GC", gc, {})).toEqual(done);
    expect((await cni.engine.listLeases()) as object).toMatchObject({ ok: true });
  });

  test("CHECK sees what was changed in the container", async () => {
    using site = openSite();
    const { lan, cni, config } = site;
    const netns = lan.sandbox();
    const pod = cni.pod("pod1", netns);
    const { stdout } = await cni.run("macvlan", "ADD", config, pod);
    const later = { ...config, prevResult: parsed(stdout) };
    const sentence = async () => parsed((await cni.run("macvlan", "CHECK", later, pod)).stdout).msg;
    inside(netns, "ip", "route", "del", "192.0.2.0/24");
    expect(await sentence()).toBe("eth0: it lacks the route to 192.0.2.0/24 via 10.0.0.9");
    inside(netns, "ip", "addr", "del", "10.0.0.50/24", "dev", "eth0");
    expect(await sentence()).toBe("eth0: it lacks 10.0.0.50/24");
    inside(netns, "ip", "link", "set", "dev", "eth0", "down");
    expect(await sentence()).toBe("eth0: it is down");
    inside(netns, "ip", "link", "set", "dev", "eth0", "type", "macvlan", "mode", "private");
    expect(await sentence()).toBe("eth0: it is in mode private, not bridge");
  });
});

describe("ADD", () => {
  test("two pods reach each other, and have MAC addresses of their own", async () => {
    using site = openSite();
    const { lan, cni, config } = site;
    const [a, b] = [lan.sandbox(), lan.sandbox()];
    const replies = await Promise.all([
      cni.run("macvlan", "ADD", config, cni.pod("a", a)),
      cni.run("macvlan", "ADD", config, cni.pod("b", b)),
    ]);
    expect(replies.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    inside(a, "ping", "-c1", "-W2", parsed(replies[1]?.stdout ?? "").ips[0].address.split("/")[0]);
  });

  test("a pod gets two links of one configuration, as Multus asks for them", async () => {
    using site = openSite();
    const { lan, cni, config } = site;
    const netns = lan.sandbox();
    const args = "IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web-0";
    const pod = { ...cni.pod("pod1", netns), CNI_ARGS: args };
    const { ipam, ...rest } = config;
    const bare = { ...rest, ipam: { ...ipam, routes: [] } };
    expect(await cni.run("macvlan", "ADD", bare, pod)).toMatchObject({ exitCode: 0 });
    const second = { ...pod, CNI_IFNAME: "net1" };
    expect(await cni.run("macvlan", "ADD", bare, second)).toMatchObject({ exitCode: 0 });
    const [eth0, net1] = seenLinks(netns);
    expect([eth0?.ifname, net1?.ifname].toSorted()).toEqual(["eth0", "net1"]);
    expect(eth0?.address).not.toBe(net1?.address);
    expect(await cni.run("macvlan", "DEL", bare, second)).toEqual(done);
    expect(seenLinks(netns).map(({ ifname }) => ifname)).toEqual(["eth0"]);
    expect(Object.values(filesOf(cni))).toContain("pod1\r\neth0");
  });

  test("a second one is refused; the first one's link, files and addresses stay", async () => {
    using site = openSite();
    const { lan, cni, config } = site;
    const netns = lan.sandbox();
    await cni.run("macvlan", "ADD", config, cni.pod("pod1", netns));
    const before = filesOf(cni);
    const again = await cni.run("macvlan", "ADD", config, cni.pod("pod1", netns));
    expect(parsed(again.stdout)).toMatchObject({ code: 100 });
    const other = await cni.run("macvlan", "ADD", config, cni.pod("pod2", netns));
    expect(parsed(other.stdout).msg).toContain("already has a link named eth0");
    expect(await cni.run("macvlan", "DEL", config, cni.pod("pod2", netns))).toEqual(done);
    expect(filesOf(cni)).toMatchObject({ "10.0.0.50": before["10.0.0.50"] });
    inside(netns, "ping", "-c1", "-W2", "10.0.0.1");
  });

  test("an address asked for, a MAC and an MTU are as they were asked for", async () => {
    using site = openSite();
    const { lan, cni, config } = site;
    const netns = lan.sandbox();
    const wish = {
      ...config,
      mtu: 1400,
      runtimeConfig: { mac: "C2:11:22:33:44:55", ips: ["10.0.0.55/24"] },
    };
    const { stdout } = await cni.run("macvlan", "ADD", wish, cni.pod("pod1", netns));
    expect(parsed(stdout).ips[0].address).toBe("10.0.0.55/24");
    expect(seenLinks(netns).find(({ ifname }) => ifname === "eth0")).toMatchObject({
      address: "c2:11:22:33:44:55",
      mtu: 1400,
    });
    const taken = await cni.run("macvlan", "ADD", wish, cni.pod("pod2", lan.sandbox()));
    expect(taken.exitCode).toBe(1);
    expect(filesOf(cni)["10.0.0.55"]).toBe("pod1\r\neth0");
  });

  test("nothing stays when the parent is not there, or the MTU is above its own", async () => {
    using site = openSite();
    const { lan, cni, config } = site;
    const netns = lan.sandbox();
    for (const wish of [{ master: "p9" }, { mtu: 9000 }]) {
      const broken = { ...config, ...wish };
      const reply = await cni.run("macvlan", "ADD", broken, cni.pod("pod1", netns));
      expect(reply.exitCode).toBe(1);
      expect(seenLinks(netns).map(({ ifname }) => ifname)).toEqual([]);
      expect(Object.keys(filesOf(cni)).filter((name) => name.includes("0.0.5"))).toEqual([]);
    }
  });

  test("what the Go plugins gave away is given to nobody, and the next one is", async () => {
    using site = openSite();
    const { lan, cni, config } = site;
    mkdirSync(join(cni.dataDir, "pods"));
    writeFileSync(join(cni.dataDir, "pods", "10.0.0.50"), "theirs\r\neth0");
    const one = await cni.run("macvlan", "ADD", config, cni.pod("pod1", lan.sandbox()));
    expect(parsed(one.stdout).ips[0].address).toBe("10.0.0.51/24");
    // And while ours are at work, too.
    writeFileSync(join(cni.dataDir, "pods", "10.0.0.52"), "theirs2\r\neth0");
    const two = await cni.run("macvlan", "ADD", config, cni.pod("pod2", lan.sandbox()));
    expect(parsed(two.stdout).ips[0].address).toBe("10.0.0.53/24");
  });

  test("a link without addresses is up, and has none", async () => {
    using site = openSite();
    const { lan, cni, config } = site;
    const netns = lan.sandbox();
    const bare = { ...config, ipam: {} };
    const reply = await cni.run("macvlan", "ADD", bare, cni.pod("pod1", netns));
    expect(parsed(reply.stdout)).toMatchObject({ interfaces: [{ name: "eth0" }] });
    expect(inside(netns, "ip", "-4", "addr", "show", "dev", "eth0")).toBe("");
    expect(inside(netns, "ip", "-br", "link", "show", "dev", "eth0")).toContain("UP");
    const old = { ...bare, cniVersion: "0.1.0" };
    const told = await cni.run("macvlan", "ADD", old, cni.pod("pod2", lan.sandbox()));
    expect(parsed(told.stdout).msg).toBe("cannot convert: no valid IP addresses");
  });

  test("type static gives what it is told, and no one else gets it", async () => {
    using site = openSite();
    const { lan, cni, config } = site;
    const ipam = { type: "static", addresses: [{ address: "10.0.0.77/24", gateway: "10.0.0.1" }] };
    const netns = lan.sandbox();
    await cni.run("macvlan", "ADD", { ...config, ipam }, cni.pod("pod1", netns));
    inside(netns, "ping", "-c1", "-W2", "10.0.0.1");
    expect(inside(netns, "ip", "route")).not.toContain("default");
    const second = { ...config, name: "others", ipam };
    const reply = await cni.run("macvlan", "ADD", second, cni.pod("pod2", lan.sandbox()));
    expect(reply.exitCode).toBe(1);
  });
});

describe("DEL", () => {
  test("succeeds with namespace, parent or book gone, and again and again", async () => {
    using site = openSite();
    const { lan, cni, config } = site;
    const netns = lan.sandbox();
    const pod = cni.pod("pod1", netns);
    await cni.run("macvlan", "ADD", config, pod);
    netns.close();
    expect(await cni.run("macvlan", "DEL", config, pod)).toEqual(done);
    expect(await cni.run("macvlan", "DEL", config, pod)).toEqual(done);
    const other = lan.sandbox();
    await cni.run("macvlan", "ADD", config, cni.pod("pod2", other));
    inside(lan.host, "ip", "link", "del", "dev", "p0");
    expect(await cni.run("macvlan", "DEL", config, cni.pod("pod2", other))).toEqual(done);
    expect(Object.keys(filesOf(cni)).filter((name) => /^10\.|^fd/.test(name))).toEqual([]);
  });

  test("of a link that the book forgot: by its files, the link first", async () => {
    using site = openSite();
    const { lan, cni, config } = site;
    const netns = lan.sandbox();
    inside(
      lan.host,
      "ip",
      "link",
      "add",
      "tmp0",
      "link",
      "p0",
      "type",
      "macvlan",
      "mode",
      "bridge",
    );
    inside(lan.host, "ip", "link", "set", "dev", "tmp0", "netns", pathOf(netns));
    inside(netns, "ip", "link", "set", "dev", "tmp0", "name", "eth0");
    mkdirSync(join(cni.dataDir, "pods"));
    writeFileSync(join(cni.dataDir, "pods", "10.0.0.50"), "pod1\r\neth0");
    expect(await cni.run("macvlan", "DEL", config, cni.pod("pod1", netns))).toEqual(done);
    expect(tryInside(netns, "ip", "link", "show", "dev", "eth0").status).not.toBe(0);
    expect(filesOf(cni)).toEqual({});
  });
});

describe("GC and STATUS", () => {
  test("GC takes links, files and addresses of what is not valid any more", async () => {
    using site = openSite();
    const { lan, cni, config } = site;
    const [keep, drop] = [lan.sandbox(), lan.sandbox()];
    await cni.run("macvlan", "ADD", config, cni.pod("keep", keep));
    await cni.run("macvlan", "ADD", config, cni.pod("drop", drop));
    const valid = [{ containerID: "keep", ifname: "eth0" }];
    const gc = { ...config, cniVersion: "1.1.0", "cni.dev/valid-attachments": valid };
    expect(await cni.run("macvlan", "GC", gc, {})).toEqual(done);
    expect(seenLinks(drop).map(({ ifname }) => ifname)).toEqual([]);
    inside(keep, "ping", "-c1", "-W2", "10.0.0.1");
    expect(Object.values(filesOf(cni)).filter((text) => text.startsWith("drop"))).toEqual([]);
  });

  test("STATUS says that a range set is full, and ADD does", async () => {
    using site = openSite();
    const { lan, cni, config } = site;
    const ipam = {
      ...config.ipam,
      ranges: [[{ subnet: "10.0.0.0/24", rangeStart: "10.0.0.50", rangeEnd: "10.0.0.51" }]],
    };
    const small = { ...config, cniVersion: "1.1.0", ipam };
    expect(await cni.run("macvlan", "STATUS", small)).toEqual(done);
    const sandboxes = [lan.sandbox(), lan.sandbox(), lan.sandbox()];
    const pods = sandboxes.map((netns, at) => cni.pod(`pod${at}`, netns));
    for (const pod of pods.slice(0, 2)) {
      expect(await cni.run("macvlan", "STATUS", small)).toEqual(done);
      expect((await cni.run("macvlan", "ADD", small, pod)).exitCode).toBe(0);
    }
    expect(parsed((await cni.run("macvlan", "STATUS", small)).stdout)).toMatchObject({ code: 50 });
    expect((await cni.run("macvlan", "ADD", small, pods[2])).exitCode).toBe(1);
    expect(sandboxes.map((netns) => seenLinks(netns).length)).toEqual([1, 1, 0]);
    expect(await cni.run("macvlan", "DEL", small, pods[0])).toEqual(done);
    expect(await cni.run("macvlan", "STATUS", small)).toEqual(done);
  });

  test("STATUS says that the parent is gone or down", async () => {
    using site = openSite();
    const { lan, cni, config } = site;
    const asked = { ...config, cniVersion: "1.1.0" };
    expect(await cni.run("macvlan", "STATUS", asked, {})).toEqual(done);
    inside(lan.host, "ip", "link", "set", "dev", "p0", "down");
    const down = await cni.run("macvlan", "STATUS", asked, {});
    expect(parsed(down.stdout)).toMatchObject({ code: 50, msg: "p0 is down" });
  });
});
