import { describe, expect, test } from "bun:test";
import { sandboxUnreachable } from "../domain/index.ts";
import { Site } from "./testing.ts";

const macvlan = {
  cniVersion: "1.0.0",
  name: "lan",
  type: "macvlan",
  master: "eth0",
  ipam: { type: "host-local", subnet: "10.1.2.0/24", routes: [{ dst: "0.0.0.0/0" }] },
};
const plugins = ["macvlan", "ipvlan", "vlan", "landfall", "host-local", "static"];
const folder = "/var/lib/cni/networks/lan";

const parsed = (text: string) => JSON.parse(text);

describe("what is the same for all plugins", () => {
  test.each(plugins)("%s says its versions, whatever is on stdin", async (plugin) => {
    const reply = await new Site().run(plugin, "VERSION", "no JSON");
    expect(reply.exitCode).toBe(0);
    expect(parsed(reply.stdout)).toEqual({
      cniVersion: "1.1.0",
      supportedVersions: ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"],
    });
  });

  test.each(plugins)("%s, started by hand, says what it is and asks nothing", async (plugin) => {
    const reply = await new Site().run(plugin, "", "");
    expect(reply).toMatchObject({ exitCode: 0, stdout: "" });
    expect(reply.stderr).toContain(`CNI plugin ${plugin} `);
    expect(reply.stderr).toContain("CNI protocol versions supported: 0.1.0, 0.2.0,");
  });

  test.each(plugins)("%s tells a missing variable in the specification's code", async (plugin) => {
    const reply = await new Site().run(plugin, "ADD", macvlan, { CNI_NETNS: undefined });
    expect(reply.exitCode).toBe(1);
    expect(parsed(reply.stdout)).toMatchObject({
      code: 4,
      msg: "required env variables [CNI_NETNS] missing",
    });
  });

  test("a plugin that is none of ours says so", async () => {
    const reply = await new Site().run("bridge", "ADD", macvlan);
    expect(parsed(reply.stdout)).toMatchObject({ code: 4 });
  });
});

describe("the life of a pod, as the kubelet's runtime leads it", () => {
  test("ADD, CHECK, DEL, DEL without a namespace, GC", async () => {
    const site = new Site();
    const added = await site.run("macvlan", "ADD", macvlan);
    expect(added.exitCode).toBe(0);
    const result = parsed(added.stdout);
    expect(result).toEqual({
      cniVersion: "1.0.0",
      interfaces: [{ name: "eth0", mac: "02:00:00:00:00:01", sandbox: site.netns, mtu: 1500 }],
      ips: [{ address: "10.1.2.2/24", gateway: "10.1.2.1", interface: 0 }],
      routes: [{ dst: "0.0.0.0/0" }],
    });
    const later = { ...macvlan, prevResult: result };
    expect(await site.run("macvlan", "CHECK", later)).toEqual({ exitCode: 0, stdout: "" });
    expect(await site.run("macvlan", "DEL", later)).toEqual({ exitCode: 0, stdout: "" });
    expect(site.attachments.views.size).toBe(0);
    const gone = await site.run("macvlan", "DEL", macvlan, { CNI_NETNS: "" });
    expect(gone).toEqual({ exitCode: 0, stdout: "" });
    const nothing = { ...macvlan, cniVersion: "1.1.0", "cni.dev/valid-attachments": [] };
    const env = { CNI_CONTAINERID: "", CNI_NETNS: "", CNI_IFNAME: "" };
    expect(await site.run("macvlan", "GC", nothing, env)).toEqual({ exitCode: 0, stdout: "" });
  });

  test("the engine is asked for the network of the configuration once, and for the routes", async () => {
    const site = new Site();
    await site.run("macvlan", "ADD", macvlan);
    await site.run("macvlan", "ADD", macvlan, { CNI_CONTAINERID: "pod2", CNI_IFNAME: "eth1" });
    expect(site.attachments.asked).toEqual([
      "network cni-lan on eth0",
      "add pod1, eth0 of lan",
      "add pod2, eth1 of lan",
    ]);
    expect(site.attachments.requests[0]).toMatchObject({
      allocationFiles: { directory: folder },
    });
    const [view] = site.attachments.views.values();
    expect(view?.endpoint.routes).toEqual([{ to: "0.0.0.0/0", via: "10.1.2.1" }] as never);
  });

  test("pods are known by their names", async () => {
    const site = new Site();
    const args = "K8S_POD_NAME=web-0;IgnoreUnknown=1;FOO=x;K8S_POD_NAMESPACE=shop";
    await site.run("macvlan", "ADD", macvlan, { CNI_ARGS: args });
    expect(site.attachments.requests[0]?.workload).toBe("shop.web-0" as never);
  });
});

describe("ADD", () => {
  test("without master the parent is that of the default route", async () => {
    const site = new Site();
    site.attachments.parents.set("up1", { name: "up1", mtu: 1500, state: "up" } as never);
    site.attachments.defaultParent = "up1";
    const { master: _, ...config } = macvlan;
    await site.run("macvlan", "ADD", config);
    expect(site.attachments.asked[0]).toBe("network cni-lan on up1");
  });

  test("a second one of the same link is refused, and leaves the first alone", async () => {
    const site = new Site();
    await site.run("macvlan", "ADD", macvlan);
    const again = await site.run("macvlan", "ADD", macvlan);
    expect(parsed(again.stdout)).toMatchObject({
      code: 100,
      msg: `${site.netns} already has a link named eth0.`,
    });
    expect(site.attachments.views.size).toBe(1);
  });

  test("the plugin's own namespace is refused before anything is done, unless it is allowed", async () => {
    const site = new Site();
    const own = { CNI_NETNS: site.ownNetns };
    const refused = await site.run("macvlan", "ADD", macvlan, own);
    expect(parsed(refused.stdout)).toMatchObject({
      code: 8,
      msg: "plugin's netns and netns from CNI_NETNS should not be the same",
    });
    expect(site.attachments.asked).toEqual([]);
    const allowed = await site.run("macvlan", "ADD", macvlan, {
      ...own,
      CNI_NETNS_OVERRIDE: "TRUE",
    });
    expect(allowed.exitCode).toBe(0);
  });

  test("a namespace that is not there is told", async () => {
    const reply = await new Site().run("macvlan", "ADD", macvlan, { CNI_NETNS: "/run/netns/gone" });
    expect(parsed(reply.stdout)).toMatchObject({ code: 100, msg: "There is no /run/netns/gone." });
  });

  test("a link without addresses cannot be told below 0.3.0, and does not stay", async () => {
    const site = new Site();
    const bare = { cniVersion: "0.2.0", name: "lan", type: "macvlan", master: "eth0", ipam: {} };
    const reply = await site.run("macvlan", "ADD", bare);
    expect(parsed(reply.stdout)).toMatchObject({ msg: "cannot convert: no valid IP addresses" });
    expect(site.attachments.views.size).toBe(0);
    expect(site.attachments.links.size).toBe(0);
    const rich = await site.run("macvlan", "ADD", { ...bare, cniVersion: "0.3.1" });
    expect(parsed(rich.stdout).interfaces).toHaveLength(1);
  });

  test("type landfall takes everything from its network", async () => {
    const site = new Site();
    await site.attachments.ensureNetwork({
      name: "lan1",
      parent: "eth0",
      driver: { kind: "macvlan", mode: "bridge" },
      origin: { kind: "cni", name: "x", digest: "x" },
    } as never);
    const config = { cniVersion: "1.1.0", name: "k8s", type: "landfall", network: "lan1" };
    const reply = await site.run("landfall", "ADD", config, { CNI_ARGS: "IP=192.0.2.9" });
    expect(parsed(reply.stdout).ips).toEqual([{ address: "192.0.2.9/24", interface: 0 }]);
    expect(site.attachments.requests[0]).toMatchObject({
      network: "lan1",
      addressing: { kind: "network", requested: ["192.0.2.9"] },
    });
    expect(site.attachments.requests[0]).not.toHaveProperty("routes");
  });

  test("configurations of one name that differ are networks of their own", async () => {
    const site = new Site();
    await site.run("macvlan", "ADD", macvlan);
    const other = { ...macvlan, mode: "private" };
    await site.run("macvlan", "ADD", other, { CNI_CONTAINERID: "pod2", CNI_IFNAME: "eth1" });
    expect(site.attachments.networks.map(({ driver }) => driver.mode)).toEqual([
      "bridge",
      "private",
    ]);
  });

  test("what other programs gave away is held when the network is made", async () => {
    const site = new Site();
    site.files.texts.set(`${folder}/10.1.2.2`, "old\r\neth0");
    site.files.texts.set(`${folder}/10.1.2.3`, "older");
    site.files.texts.set(`${folder}/10.1.2.4`, "");
    site.files.texts.set(`${folder}/last_reserved_ip.0`, "10.1.2.3");
    const reply = await site.run("macvlan", "ADD", macvlan);
    expect(parsed(reply.stdout).ips[0].address).toBe("10.1.2.4/24");
    expect(site.attachments.holds.map(({ file, holder }) => [file, holder])).toEqual([
      [`${folder}/10.1.2.2`, { containerId: "old", ifname: "eth0" }],
      [`${folder}/10.1.2.3`, { containerId: "older" }],
    ] as never);
  });
});

describe("DEL", () => {
  test("needs nothing of the configuration but its name", async () => {
    const site = new Site();
    await site.run("macvlan", "ADD", macvlan);
    const broken = { ...macvlan, master: 7, mtu: "x", mode: "none", ipam: { type: "host-local" } };
    const reply = await site.run("macvlan", "DEL", broken, { CNI_NETNS: "/run/netns/gone" });
    expect(reply).toEqual({ exitCode: 0, stdout: "" });
    expect(site.attachments.views.size).toBe(0);
  });

  test("files of others go after the link that they are of", async () => {
    const site = new Site();
    site.files.texts.set(`${folder}/10.1.2.9`, "pod1\r\neth0");
    site.files.texts.set(`${folder}/10.1.2.8`, "pod2\r\neth0");
    expect((await site.run("macvlan", "DEL", macvlan)).exitCode).toBe(0);
    expect(site.attachments.asked).toEqual([
      "remove pod1, eth0 of lan: nothing",
      "remove link eth0",
      "unhold pod1, eth0 of lan",
    ]);
    expect([...site.files.texts.keys()]).toEqual([`${folder}/10.1.2.8`]);
  });

  test("a link that nothing says is this attachment's stays", async () => {
    const site = new Site();
    await site.run("macvlan", "ADD", macvlan);
    const other = { ...macvlan, name: "second" };
    await site.run("macvlan", "ADD", other);
    expect((await site.run("macvlan", "DEL", other)).exitCode).toBe(0);
    expect(site.attachments.links.size).toBe(1);
  });

  test("a link that the runtime's record has is deleted, book or no book", async () => {
    const site = new Site();
    const { stdout } = await site.run("macvlan", "ADD", macvlan);
    site.attachments.views.clear();
    const later = { ...macvlan, prevResult: parsed(stdout) };
    expect((await site.run("macvlan", "DEL", later)).exitCode).toBe(0);
    expect(site.attachments.links.size).toBe(0);
  });
});

describe("CHECK", () => {
  async function added() {
    const site = new Site();
    const { stdout } = await site.run("macvlan", "ADD", macvlan);
    const key = [...site.attachments.links.keys()][0] ?? "";
    const link = site.attachments.links.get(key);
    if (link === undefined) throw new Error("no link");
    return { site, key, link, config: { ...macvlan, prevResult: parsed(stdout) } };
  }

  test.each([
    ["kind", { kind: "ipvlan" }, "it is of kind ipvlan, not macvlan"],
    ["mode", { mode: "vepa" }, "it is in mode vepa, not bridge"],
    ["parent", { parent: "eth9" }, "it hangs on eth9, not on eth0"],
    ["MAC", { mac: "02:00:00:00:00:99" }, "its MAC is 02:00:00:00:00:99, not 02:00:00:00:00:01"],
    ["state", { state: "down" }, "it is down"],
    ["addresses", { addresses: [] }, "it lacks 10.1.2.2/24"],
    ["length", { addresses: [{ address: "10.1.2.2/16" }] }, "it lacks 10.1.2.2/24"],
    ["routes", { routes: [] }, "it lacks the route to 0.0.0.0/0"],
    [
      "duplicate",
      { addresses: [{ address: "10.1.2.2/24", duplicate: true }] },
      "another machine has 10.1.2.2/24",
    ],
  ])("sees a difference in %s", async (_what, change, sentence) => {
    const { site, key, link, config } = await added();
    site.attachments.links.set(key, { ...link, ...(change as object) });
    const reply = await site.run("macvlan", "CHECK", config);
    expect(reply.exitCode).toBe(1);
    expect(parsed(reply.stdout)).toMatchObject({ code: 100, msg: `eth0: ${sentence}` });
  });

  test("sees a link that is gone, another namespace, and an MTU that was asked for", async () => {
    const { site, key, config } = await added();
    const tall = await site.run("macvlan", "CHECK", { ...config, mtu: 1400 });
    expect(parsed(tall.stdout).msg).toBe("eth0: its MTU is 1500, not 1400");
    const elsewhere = await site.run("macvlan", "CHECK", config, {
      CNI_NETNS: site.ownNetns,
      CNI_NETNS_OVERRIDE: "1",
    });
    expect(parsed(elsewhere.stdout).msg).toStartWith("The Sandbox ");
    site.attachments.links.delete(key);
    const gone = await site.run("macvlan", "CHECK", config);
    expect(parsed(gone.stdout).msg).toBe(`${site.netns} has no link eth0`);
  });

  test("needs prevResult and a version that has it", async () => {
    const { site } = await added();
    const bare = await site.run("macvlan", "CHECK", macvlan);
    expect(parsed(bare.stdout)).toMatchObject({ code: 7, msg: "Required prevResult missing" });
    const old = await site.run("macvlan", "CHECK", { ...macvlan, cniVersion: "0.3.1" });
    expect(parsed(old.stdout)).toMatchObject({
      code: 1,
      msg: "config version does not allow CHECK",
    });
  });

  test("an attachment of other plugins is known by its files", async () => {
    const { site, config } = await added();
    site.attachments.views.clear();
    const unknown = await site.run("macvlan", "CHECK", config);
    expect(parsed(unknown.stdout).msg).toBe(
      "host-local: Failed to find address added by container pod1",
    );
    site.files.texts.set(`${folder}/10.1.2.2`, "pod1\r\neth0");
    expect((await site.run("macvlan", "CHECK", config)).exitCode).toBe(0);
  });
});

describe("GC and STATUS", () => {
  const env = { CNI_CONTAINERID: "", CNI_NETNS: "", CNI_IFNAME: "" };
  const config = { ...macvlan, cniVersion: "1.1.0" };

  test("GC leaves what is valid, by container and link, and takes the rest", async () => {
    const site = new Site();
    await site.run("macvlan", "ADD", config);
    await site.run("macvlan", "ADD", config, { CNI_IFNAME: "net1" });
    site.files.texts.set(`${folder}/10.1.2.6`, "");
    site.files.texts.set(`${folder}/10.1.2.7`, "pod7\r\neth0");
    site.files.texts.set(`${folder}/10.1.2.8`, "pod8");
    site.files.texts.set(`${folder}/10.1.2.9`, "pod1");
    site.files.texts.set(`${folder}/lock`, "");
    const valid = [
      { containerID: "pod1", ifname: "eth0" },
      { containerID: "pod7", ifname: "eth0" },
    ];
    const gc = { ...config, "cni.dev/valid-attachments": valid };
    expect(await site.run("macvlan", "GC", gc, env)).toEqual({ exitCode: 0, stdout: "" });
    expect([...site.attachments.views.keys()]).toEqual(["pod1, eth0 of lan"]);
    expect([...site.files.texts.keys()]).toEqual([
      `${folder}/10.1.2.7`,
      `${folder}/10.1.2.9`,
      `${folder}/lock`,
    ]);
  });

  test("what GC cannot take away keeps its files, is told, and does not keep the others", async () => {
    const site = new Site();
    await site.run("macvlan", "ADD", config);
    await site.run("macvlan", "ADD", config, { CNI_IFNAME: "net1" });
    site.files.texts.set(`${folder}/10.1.2.2`, "pod1\r\neth0");
    const unreachable = { path: site.netns, sign: "its MAC", parent: "eth0" };
    site.attachments.refusal = sandboxUnreachable(unreachable);
    const gc = { ...config, "cni.dev/valid-attachments": [] };
    const reply = await site.run("macvlan", "GC", gc, env);
    expect(parsed(reply.stdout)).toMatchObject({ code: 11 });
    expect([...site.attachments.views.keys()]).toEqual(["pod1, eth0 of lan"]);
    expect([...site.files.texts.keys()]).toEqual([`${folder}/10.1.2.2`]);
  });

  test("GC without a list takes nothing", async () => {
    const site = new Site();
    await site.run("macvlan", "ADD", config);
    const reply = await site.run("macvlan", "GC", config, env);
    expect(parsed(reply.stdout)).toMatchObject({ code: 7 });
    expect(site.attachments.views.size).toBe(1);
  });

  test("STATUS says whether an ADD could be served", async () => {
    const site = new Site();
    expect(await site.run("macvlan", "STATUS", config, env)).toEqual({ exitCode: 0, stdout: "" });
    const lost = { ...config, master: "eth7" };
    const none = await site.run("macvlan", "STATUS", lost, env);
    expect(parsed(none.stdout)).toMatchObject({ code: 50 });
    await site.run("macvlan", "ADD", config);
    const some = await site.run("macvlan", "STATUS", lost, env);
    expect(parsed(some.stdout)).toMatchObject({ code: 51 });
    const old = await site.run("macvlan", "STATUS", macvlan, env);
    expect(parsed(old.stdout)).toMatchObject({
      code: 1,
      msg: "config version does not allow STATUS",
    });
  });
});
