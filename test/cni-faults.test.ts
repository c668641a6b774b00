/**
 * Whatever is refused while a runtime attaches or detaches a container: a plugin that answers with
 * an error has left nothing of an ADD, and whatever a DEL could not do a later one does.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ok } from "../src/base/index.ts";
import { type Reply, runPlugin } from "../src/cni/index.ts";
import type { PluginRun } from "../src/cnirun/index.ts";
import type { Platform } from "../src/platform/index.ts";
import { bookOf, childrenIn, openFakeHost } from "./support/fake-host.ts";
import { walkRefusals } from "./support/fault-walk.ts";
import { must } from "./support/must.ts";

let path = "";
beforeAll(() => {
  path = mkdtempSync(join(tmpdir(), "lf-cni-faults-"));
  writeFileSync(join(path, "whereabouts"), "");
});
afterAll(() => rmSync(path, { recursive: true }));

const directory = "/var/lib/cni/networks/pods";
const config = { cniVersion: "1.0.0", name: "pods", type: "macvlan", master: "p0" };
const ipams = {
  "host-local": {
    type: "host-local",
    ranges: [[{ subnet: "10.0.0.0/24", rangeStart: "10.0.0.50" }], [{ subnet: "fd00::/64" }]],
    routes: [{ dst: "0.0.0.0/0" }],
  },
  whereabouts: { type: "whereabouts" },
  static: { type: "static", addresses: [{ address: "10.0.0.77/24", gateway: "10.0.0.1" }] },
} as const;

interface How {
  readonly on?: Platform;
  readonly signal?: AbortSignal;
}

function openSite() {
  const host = openFakeHost();
  const netns = host.sandbox();
  /** What the foreign IPAM has given: it is asked for one address of a container at most. */
  const given = new Set<string>();
  const execute = async ({ env }: PluginRun) => {
    const id = env.CNI_CONTAINERID ?? "";
    if (env.CNI_COMMAND === "DEL") given.delete(id);
    if (env.CNI_COMMAND !== "ADD") return ok({ status: 0, stdout: "", stderr: "" });
    given.add(id);
    const ips = [{ address: "10.0.0.88/24", gateway: "10.0.0.1" }];
    return ok({ status: 0, stdout: JSON.stringify({ cniVersion: "1.0.0", ips }), stderr: "" });
  };
  const run = (
    command: string,
    ipam: object,
    { on = host.platform, signal = new AbortController().signal }: How = {},
  ): Promise<Reply> => {
    const { attachments, facts } = on === host.platform ? host.engine : host.engineOn(on);
    const ports = { platform: on, hostNamespace: host.netns, attachments, facts, execute };
    const env = {
      CNI_COMMAND: command,
      CNI_CONTAINERID: "pod1",
      CNI_NETNS: `/proc/self/fd/${netns.fd}`,
      CNI_IFNAME: "eth0",
      CNI_PATH: path,
    };
    const stdin = new TextEncoder().encode(JSON.stringify({ ...config, ipam }));
    return runPlugin(async () => ok(ports), { plugin: "macvlan", env, stdin }, signal);
  };
  const files = () => {
    const names = must(host.platform.files.list(directory));
    return names.filter((name) => !/^(lock|last_reserved_ip.*)$/.test(name));
  };
  const state = async () => {
    const { endpoints, leases, operations } = await bookOf(host.store);
    const links = childrenIn(host.kernel).length;
    const counts = [endpoints, leases, operations, files()].map(({ length }) => length);
    return [links, ...counts, given.size];
  };
  return { run, state, host, [Symbol.dispose]: () => host[Symbol.dispose]() };
}

const nothing = [0, 0, 0, 0, 0, 0];

describe.each(Object.entries(ipams))("with addresses of %s", (_name, ipam) => {
  test("an ADD of which anything is refused leaves nothing, or is done", async () => {
    using site = openSite();
    const walked = await walkRefusals(site.host.platform, async (faulty, at) => {
      const reply = await site.run("ADD", ipam, { on: faulty });
      if (reply.exitCode === 0) expect((await site.run("DEL", ipam)).exitCode).toBe(0);
      expect([at, reply.stdout, await site.state()]).toEqual([at, reply.stdout, nothing]);
      return faulty.requests() >= at ? "reached" : "passed";
    });
    expect(walked).toBeGreaterThan(5);
  });

  test("a DEL of which anything is refused can be repeated, and then all is gone", async () => {
    using site = openSite();
    const walked = await walkRefusals(site.host.platform, async (faulty, at) => {
      expect((await site.run("ADD", ipam)).exitCode).toBe(0);
      const reply = await site.run("DEL", ipam, { on: faulty });
      if (reply.exitCode === 0) expect([at, await site.state()]).toEqual([at, nothing]);
      expect(await site.run("DEL", ipam)).toEqual({ exitCode: 0, stdout: "" });
      expect([at, await site.state()]).toEqual([at, nothing]);
      return faulty.requests() >= at ? "reached" : "passed";
    });
    expect(walked).toBeGreaterThan(1);
  });

  test("a DEL that comes while the ADD is at work waits for it, and takes all of it", async () => {
    using site = openSite();
    const added = site.run("ADD", ipam);
    const deleted = site.run("DEL", ipam);
    expect((await added).exitCode).toBe(0);
    expect(await deleted).toEqual({ exitCode: 0, stdout: "" });
    expect(await site.state()).toEqual(nothing);
  });

  test("an ADD that is called off, at whatever point, leaves nothing", async () => {
    using site = openSite();
    for (let turns = 0; turns < 40; turns++) {
      const caller = new AbortController();
      const added = site.run("ADD", ipam, { signal: caller.signal });
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      caller.abort();
      const { exitCode, stdout } = await added;
      if (exitCode === 0) expect((await site.run("DEL", ipam)).exitCode).toBe(0);
      expect([turns, stdout, await site.state()]).toEqual([turns, stdout, nothing]);
    }
  });
});
