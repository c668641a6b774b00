import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ok } from "../../base/index.ts";
import type { PluginRun } from "../../cnirun/index.ts";
import { addressTaken } from "../../domain/index.ts";
import { Site } from "../testing.ts";

let directory = "";
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "lf-foreign-"));
  for (const name of ["whereabouts", "dhcp"]) writeFileSync(join(directory, name), "");
});
afterAll(() => rmSync(directory, { recursive: true }));

const config = {
  cniVersion: "1.1.0",
  name: "lan",
  type: "macvlan",
  master: "eth0",
  ipam: { type: "whereabouts", range: "10.9.0.0/24" },
};
const given = {
  cniVersion: "1.1.0",
  ips: [{ address: "10.9.0.7/24", gateway: "10.9.0.1" }],
  routes: [{ dst: "0.0.0.0/0" }, { dst: "10.8.0.0/16", gw: "10.9.0.2", priority: 5 }],
};

/** What the IPAM was asked, in order. */
function asked(site: Site): readonly (string | undefined)[] {
  return site.runs.map(({ env }) => env.CNI_COMMAND);
}

function site(answer: (run: PluginRun) => object | undefined): Site {
  const made = new Site();
  made.execute = async (run) => {
    const said = answer(run);
    const refused = said !== undefined && "code" in said;
    return ok({ status: refused ? 1 : 0, stdout: JSON.stringify(said) ?? "", stderr: "" });
  };
  return made;
}

const giving = () => site(({ env }) => (env.CNI_COMMAND === "ADD" ? given : {}));
const run = (on: Site, command: string, what: object = config) =>
  on.run("macvlan", command, what, { CNI_PATH: directory });

describe("another's IPAM", () => {
  test("is asked for the addresses, with all that this plugin was told", async () => {
    const on = giving();
    const reply = await run(on, "ADD");
    expect(JSON.parse(reply.stdout)).toMatchObject({
      ips: [{ address: "10.9.0.7/24", gateway: "10.9.0.1", interface: 0 }],
      routes: given.routes,
    });
    expect(on.runs[0]).toMatchObject({
      program: join(directory, "whereabouts"),
      stdin: JSON.stringify(config),
      env: { CNI_COMMAND: "ADD", CNI_CONTAINERID: "pod1", CNI_IFNAME: "eth0" },
    });
    expect(on.attachments.requests[0]).toMatchObject({
      addressing: { kind: "given", addresses: given.ips },
    });
    const [view] = on.attachments.views.values();
    expect(view?.endpoint.routes).toEqual([
      { to: "0.0.0.0/0", via: "10.9.0.1" },
      { to: "10.8.0.0/16", via: "10.9.0.2", metric: 5 },
    ] as never);
  });

  test("its refusal is the answer, with its code, after it was told DEL", async () => {
    const on = site(({ env }) => (env.CNI_COMMAND === "ADD" ? { code: 123, msg: "full" } : {}));
    const reply = await run(on, "ADD");
    expect(JSON.parse(reply.stdout)).toMatchObject({ code: 123, msg: "full" });
    expect(asked(on)).toEqual(["ADD", "DEL"]);
    expect(on.attachments.views.size).toBe(0);
  });

  test("is told DEL after an ADD that failed behind it, and what it says of that is told", async () => {
    const on = site(({ env }) =>
      env.CNI_COMMAND === "ADD" ? given : { code: 9, msg: "not today" },
    );
    on.attachments.refusal = addressTaken({ address: "10.9.0.7", endpoint: "ep-x" } as never);
    const reply = await run(on, "ADD");
    expect(asked(on)).toEqual(["ADD", "DEL"]);
    expect(JSON.parse(reply.stdout)).toMatchObject({ code: 100 });
    expect(JSON.parse(reply.stdout).details).toContain(
      "IPAM plugin whereabouts did not take its addresses back: not today",
    );
  });

  test("gets back an answer that says no address, or nothing that can be read", async () => {
    for (const answer of [{ ips: [] }, { ips: [{ address: "x" }] }, undefined]) {
      const on = site(({ env }) => (env.CNI_COMMAND === "ADD" ? answer : {}));
      expect((await run(on, "ADD")).exitCode).toBe(1);
      expect(asked(on)).toEqual(["ADD", "DEL"]);
    }
  });

  test("is not asked for a link whose name is taken: its DEL would take the other's address", async () => {
    const on = giving();
    await run(on, "ADD");
    const again = await run(on, "ADD");
    expect(again.exitCode).toBe(1);
    expect(asked(on)).toEqual(["ADD"]);
  });

  test("is told DEL each time, after the link is gone, and not while it may live", async () => {
    const on = giving();
    await run(on, "ADD");
    on.attachments.refusal = addressTaken({ address: "x", endpoint: "y" } as never);
    expect((await run(on, "DEL")).exitCode).toBe(1);
    expect(asked(on)).toEqual(["ADD"]);
    expect(await run(on, "DEL")).toEqual({ exitCode: 0, stdout: "" });
    expect(await run(on, "DEL")).toEqual({ exitCode: 0, stdout: "" });
    expect(asked(on)).toEqual(["ADD", "DEL", "DEL"]);
  });

  test("has its part in CHECK, GC and STATUS, and its errors are the answer", async () => {
    const on = giving();
    const { stdout } = await run(on, "ADD");
    await run(on, "CHECK", { ...config, prevResult: JSON.parse(stdout) });
    await run(on, "STATUS");
    await run(on, "GC", { ...config, "cni.dev/valid-attachments": [] });
    expect(asked(on)).toEqual(["ADD", "CHECK", "STATUS", "DEL", "GC"]);
    on.execute = async () => ok({ status: 1, stdout: '{"code":50,"msg":"no"}', stderr: "" });
    for (const command of ["STATUS", "DEL"]) {
      expect(JSON.parse((await run(on, command)).stdout)).toMatchObject({ code: 50, msg: "no" });
    }
  });

  test("is told DEL of what a GC takes away, for few know GC, and of nothing else", async () => {
    const on = giving();
    for (const CNI_IFNAME of ["eth0", "eth1"]) {
      await on.run("macvlan", "ADD", config, { CNI_PATH: directory, CNI_IFNAME });
    }
    on.runs.length = 0;
    const list = [{ containerID: "pod1", ifname: "eth1" }];
    const nobody = { CNI_PATH: directory, CNI_CONTAINERID: "", CNI_IFNAME: "", CNI_NETNS: "" };
    const stale = { ...config, "cni.dev/valid-attachments": list };
    const netns = [...on.attachments.views.values()][0]?.endpoint.sandbox.path;
    expect((await on.run("macvlan", "GC", stale, nobody)).exitCode).toBe(0);
    expect(on.runs.map(({ env }) => env)).toMatchObject([
      { CNI_COMMAND: "DEL", CNI_CONTAINERID: "pod1", CNI_IFNAME: "eth0", CNI_NETNS: netns },
      { CNI_COMMAND: "GC", CNI_CONTAINERID: "", CNI_IFNAME: "", CNI_NETNS: "" },
    ]);
    expect([...on.attachments.views.values()].map(({ key }) => key.ifname as string)).toEqual([
      "eth1",
    ]);
  });

  test("is not told DEL of a link that a GC could not take away, and its own refusal is told", async () => {
    const on = giving();
    await run(on, "ADD");
    const stale = { ...config, "cni.dev/valid-attachments": [] };
    on.attachments.refusal = addressTaken({ address: "x", endpoint: "y" } as never);
    expect((await run(on, "GC", stale)).exitCode).toBe(1);
    expect(asked(on)).toEqual(["ADD", "GC"]);
    on.execute = async ({ env }) =>
      env.CNI_COMMAND === "DEL"
        ? ok({ status: 1, stdout: '{"code":9,"msg":"not today"}', stderr: "" })
        : ok({ status: 0, stdout: "", stderr: "" });
    const reply = await run(on, "GC", stale);
    expect(JSON.parse(reply.stdout)).toMatchObject({
      code: 9,
      msg: "The addresses of pod1, eth0 of lan were not taken back: not today",
    });
    expect(on.attachments.views.size).toBe(0);
  });

  test("is told DEL first where the sandbox is gone, and again by each GC until it is done", async () => {
    const on = giving();
    await run(on, "ADD");
    on.pod.close();
    const stale = { ...config, "cni.dev/valid-attachments": [] };
    const answered = on.execute;
    on.execute = async () => ok({ status: 1, stdout: '{"code":9,"msg":"not today"}', stderr: "" });
    expect(JSON.parse((await run(on, "GC", stale)).stdout)).toMatchObject({ code: 9 });
    expect(on.attachments.views.size).toBe(1);
    on.execute = answered;
    expect((await run(on, "GC", stale)).exitCode).toBe(0);
    expect(asked(on)).toEqual(["ADD", "DEL", "GC", "DEL", "GC"]);
    expect(on.attachments.views.size).toBe(0);
  });

  test("says once what it says of the ADD and of the DEL after it", async () => {
    const on = site(() => ({ code: 999, msg: "no daemon" }));
    const { code, msg, details } = JSON.parse((await run(on, "ADD")).stdout);
    expect([code, msg, details]).toEqual([999, "no daemon", undefined]);
  });

  test("that is not there is told before anything is made", async () => {
    const on = giving();
    const reply = await on.run("macvlan", "ADD", config, { CNI_PATH: "/nowhere" });
    expect(JSON.parse(reply.stdout)).toMatchObject({
      code: 7,
      msg: 'failed to find plugin "whereabouts" in path [/nowhere]',
    });
    expect(on.attachments.views.size).toBe(0);
  });
});

describe("an IPAM that asks on the link itself", () => {
  const leased = { ...config, ipam: { type: "dhcp" } };
  /** What the plugin and the engine were asked, in order. */
  function leasing(answer: (command: string) => object = (c) => (c === "ADD" ? given : {})) {
    const made = site(({ env: { CNI_COMMAND = "" } }) => {
      const links = made.attachments.links.size;
      made.attachments.asked.push(`dhcp ${CNI_COMMAND} with ${links} links`);
      return answer(CNI_COMMAND);
    });
    return made;
  }
  const story = ({ attachments }: Site) =>
    attachments.asked.filter((line) => !line.startsWith("network"));
  const key = "pod1, eth0 of lan";

  test("is asked when the link is there, and its addresses go onto it", async () => {
    const on = leasing();
    const reply = await run(on, "ADD", leased);
    expect(JSON.parse(reply.stdout)).toMatchObject({ ips: given.ips, routes: given.routes });
    expect(story(on)).toEqual([`add ${key}`, "dhcp ADD with 1 links", `assign ${key}`]);
    const [view] = on.attachments.views.values();
    expect(view?.endpoint.addresses).toEqual(["10.9.0.7/24"] as never);
  });

  test("gives back what it leased while the link is there", async () => {
    const on = leasing();
    await run(on, "ADD", leased);
    on.attachments.asked.length = 0;
    expect(await run(on, "DEL", leased)).toEqual({ exitCode: 0, stdout: "" });
    expect(story(on)).toEqual(["dhcp DEL with 1 links", `remove ${key}`]);
  });

  test("gives it back in a GC, too, while the link is there", async () => {
    const on = leasing();
    await run(on, "ADD", leased);
    on.attachments.asked.length = 0;
    await run(on, "GC", { ...leased, "cni.dev/valid-attachments": [] });
    expect(story(on)).toEqual(["dhcp DEL with 1 links", `remove ${key}`, "dhcp GC with 0 links"]);
  });

  test("does not keep the link when it cannot, and that is told", async () => {
    const on = leasing((command) => (command === "ADD" ? given : { code: 9, msg: "no daemon" }));
    await run(on, "ADD", leased);
    const reply = await run(on, "DEL", leased);
    expect(JSON.parse(reply.stdout)).toMatchObject({ code: 9, msg: "no daemon" });
    expect(on.attachments.links.size).toBe(0);
  });

  test("that has no lease to give leaves nothing", async () => {
    const on = leasing((command) => (command === "ADD" ? { code: 100, msg: "no more tries" } : {}));
    const reply = await run(on, "ADD", leased);
    expect(JSON.parse(reply.stdout)).toMatchObject({ code: 100, msg: "no more tries" });
    expect(story(on).slice(1)).toEqual([
      "dhcp ADD with 1 links",
      "dhcp DEL with 1 links",
      `remove ${key}`,
    ]);
    expect(on.attachments.links.size).toBe(0);
  });

  test("is told DEL when its addresses cannot be assigned, and nothing stays", async () => {
    const on = leasing();
    const answered = on.execute;
    on.execute = async (asked) => {
      const said = await answered(asked);
      const refused = addressTaken({ address: "10.9.0.7", endpoint: "ep-x" } as never);
      if (asked.env.CNI_COMMAND === "ADD") on.attachments.refusal = refused;
      return said;
    };
    expect((await run(on, "ADD", leased)).exitCode).toBe(1);
    expect(asked(on)).toEqual(["ADD", "DEL"]);
    expect([on.attachments.links.size, on.attachments.views.size]).toEqual([0, 0]);
  });
});
