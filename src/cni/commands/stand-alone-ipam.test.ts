import { describe, expect, test } from "bun:test";
import { Site } from "../testing.ts";

const folder = "/var/lib/cni/networks/mynet";
const versions = ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"];
const parsed = (text: string) => JSON.parse(text);
/** The files but for the lock, as the reference writes them. */
const filesOf = (site: Site) =>
  Object.fromEntries([...site.files.texts].filter(([path]) => !path.endsWith("/lock")));

const hostLocal = {
  cniVersion: "1.0.0",
  name: "mynet",
  type: "bridge",
  ipam: {
    type: "host-local",
    ranges: [
      [{ subnet: "10.1.2.0/24" }, { subnet: "10.2.2.0/24" }],
      [{ subnet: "2001:db8:1::0/64" }],
    ],
    routes: [{ dst: "0.0.0.0/0" }, { dst: "::/0" }],
  },
};

describe("host-local for other plugins", () => {
  // The reference's host_local_test.go, "allocates and releases addresses with ADD/DEL".
  test("gives an address of each set, in files, and takes them back", async () => {
    const site = new Site();
    const reply = await site.run("host-local", "ADD", hostLocal, { CNI_CONTAINERID: "dummy" });
    expect(parsed(reply.stdout)).toEqual({
      cniVersion: "1.0.0",
      ips: [
        { address: "10.1.2.2/24", gateway: "10.1.2.1" },
        { address: "2001:db8:1::2/64", gateway: "2001:db8:1::1" },
      ],
      routes: [{ dst: "0.0.0.0/0" }, { dst: "::/0" }],
    });
    expect(filesOf(site)).toEqual({
      [`${folder}/10.1.2.2`]: "dummy\r\neth0",
      [`${folder}/2001:db8:1::2`]: "dummy\r\neth0",
      [`${folder}/last_reserved_ip.0`]: "10.1.2.2",
      [`${folder}/last_reserved_ip.1`]: "2001:db8:1::2",
    });
    const check = await site.run("host-local", "CHECK", hostLocal, { CNI_CONTAINERID: "dummy" });
    expect(check).toEqual({ exitCode: 0, stdout: "" });
    const del = await site.run("host-local", "DEL", hostLocal, { CNI_CONTAINERID: "dummy" });
    expect(del).toEqual({ exitCode: 0, stdout: "" });
    expect(Object.keys(filesOf(site))).toEqual([
      `${folder}/last_reserved_ip.0`,
      `${folder}/last_reserved_ip.1`,
    ]);
  });

  test.each(versions)("answers in version %s", async (cniVersion) => {
    const config = { ...hostLocal, cniVersion, ipam: { type: "host-local", subnet: "10.0.0.0/8" } };
    const reply = parsed((await new Site().run("host-local", "ADD", config)).stdout);
    expect(reply.cniVersion).toBe(cniVersion);
    expect(reply.ip4?.ip ?? reply.ips[0].address).toBe("10.0.0.2/8");
  });

  test("another link of the container gets its own, the same one is refused", async () => {
    const site = new Site();
    await site.run("host-local", "ADD", hostLocal);
    const again = await site.run("host-local", "ADD", hostLocal);
    expect(parsed(again.stdout).msg).toBe(
      "10.1.2.2 has been allocated to pod1, duplicate allocation is not allowed",
    );
    const other = await site.run("host-local", "ADD", hostLocal, { CNI_IFNAME: "eth1" });
    expect(parsed(other.stdout).ips[0].address).toBe("10.1.2.3/24");
  });

  test("DEL takes a file of an old version, which says no link, and knows no error", async () => {
    const site = new Site();
    site.files.texts.set(`${folder}/10.1.2.5`, "pod1");
    expect((await site.run("host-local", "DEL", hostLocal)).exitCode).toBe(0);
    expect(filesOf(site)).toEqual({});
    const empty = new Site();
    expect((await empty.run("host-local", "DEL", hostLocal)).exitCode).toBe(0);
    expect(empty.files.directories.size).toBe(0);
  });

  test("addresses asked for are given, one of each set", async () => {
    const config = {
      ...hostLocal,
      args: { cni: { ips: ["10.2.2.42"] } },
      runtimeConfig: { ips: ["2001:db8:1::999/64"] },
    };
    const reply = parsed((await new Site().run("host-local", "ADD", config)).stdout);
    expect(reply.ips.map(({ address }: { address: string }) => address)).toEqual([
      "10.2.2.42/24",
      "2001:db8:1::999/64",
    ]);
    const unused = await new Site().run("host-local", "ADD", hostLocal, { CNI_ARGS: "IP=1.2.3.4" });
    expect(parsed(unused.stdout).msg).toContain("failed to allocate all requested IPs: 1.2.3.4");
  });

  test("dns comes from the file that is named", async () => {
    const site = new Site();
    site.files.texts.set("/etc/pods.conf", "nameserver 192.0.2.3\nsearch a.example b.example\n");
    const ipam = { ...hostLocal.ipam, resolvConf: "/etc/pods.conf" };
    const reply = await site.run("host-local", "ADD", { ...hostLocal, ipam });
    expect(parsed(reply.stdout).dns).toEqual({
      nameservers: ["192.0.2.3"],
      search: ["a.example", "b.example"],
    });
    const lost = { ...hostLocal, ipam: { ...ipam, resolvConf: "/etc/none" } };
    expect(parsed((await site.run("host-local", "ADD", lost)).stdout)).toMatchObject({ code: 5 });
  });

  test("GC leaves what is valid; STATUS says when a set is full", async () => {
    const site = new Site();
    const small = {
      ...hostLocal,
      cniVersion: "1.1.0",
      ipam: { type: "host-local", subnet: "10.0.0.0/30" },
    };
    const env = { CNI_CONTAINERID: "", CNI_NETNS: "", CNI_IFNAME: "" };
    expect((await site.run("host-local", "STATUS", small, env)).exitCode).toBe(0);
    await site.run("host-local", "ADD", small);
    expect(parsed((await site.run("host-local", "STATUS", small, env)).stdout)).toMatchObject({
      code: 50,
      msg: "no IP addresses available in range set: 10.0.0.1-10.0.0.2",
    });
    const valid = {
      ...small,
      "cni.dev/valid-attachments": [{ containerID: "pod1", ifname: "eth0" }],
    };
    await site.run("host-local", "GC", valid, env);
    expect(Object.keys(filesOf(site))).toContain(`${folder}/10.0.0.2`);
    await site.run("host-local", "GC", { ...small, "cni.dev/valid-attachments": [] }, env);
    expect(Object.keys(filesOf(site))).toEqual([`${folder}/last_reserved_ip.0`]);
  });
});

describe("static for other plugins", () => {
  const config = {
    cniVersion: "1.0.0",
    name: "mynet",
    type: "bridge",
    ipam: {
      type: "static",
      addresses: [
        { address: "10.10.0.1/24", gateway: "10.10.0.254" },
        { address: "3ffe:ffff:0:01ff::1/64", gateway: "3ffe:ffff:0::1" },
      ],
      routes: [
        { dst: "0.0.0.0/0", gw: "10.10.0.1" },
        { dst: "0.0.0.0/0", gw: "10.10.0.2" },
      ],
      dns: { nameservers: ["8.8.8.8"], domain: "example.com" },
    },
  };

  test("says what the configuration says, and DEL is nothing", async () => {
    const site = new Site();
    const reply = parsed((await site.run("static", "ADD", config)).stdout);
    expect(reply).toEqual({
      cniVersion: "1.0.0",
      ips: [
        { address: "10.10.0.1/24", gateway: "10.10.0.254" },
        { address: "3ffe:ffff:0:1ff::1/64", gateway: "3ffe:ffff::1" },
      ],
      routes: config.ipam.routes,
      dns: config.ipam.dns,
    });
    expect(await site.run("static", "DEL", config)).toEqual({ exitCode: 0, stdout: "" });
    const later = { ...config, prevResult: reply };
    expect(await site.run("static", "CHECK", later)).toEqual({ exitCode: 0, stdout: "" });
  });

  test("CHECK misses what prevResult does not have", async () => {
    const prevResult = { cniVersion: "1.0.0", ips: [{ address: "10.10.0.1/24" }] };
    const reply = await new Site().run("static", "CHECK", { ...config, prevResult });
    expect(parsed(reply.stdout)).toMatchObject({
      code: 100,
      msg: "static: Failed to find Address 10.10.0.1/24 in prevResult",
    });
  });

  test("an IPAM that was started for another's configuration says so", async () => {
    const reply = await new Site().run("static", "ADD", hostLocal);
    expect(parsed(reply.stdout)).toMatchObject({ code: 7 });
    const other = await new Site().run("host-local", "ADD", config);
    expect(parsed(other.stdout)).toMatchObject({ code: 7 });
  });
});
