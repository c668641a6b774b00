/** One container in the hands of the reference plugins and of ours, in turns. */
import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { NetnsHandle } from "../src/platform/index.ts";
import { openCniSite } from "./support/cni-site.ts";
import { openLan, pathOf, pings, seenAddresses, seenLinks } from "./support/lan.ts";

/** The reference plugins of Debian 12 (package containernetworking-plugins). */
const reference = "/usr/lib/cni";
const hasReference = existsSync(join(reference, "macvlan"));

interface Container {
  readonly netns: NetnsHandle;
  readonly id: string;
  /** Where an IPAM plugin is looked for first. */
  readonly ipam?: string;
}

function openSite() {
  const lan = openLan();
  const cni = openCniSite(lan.platform, lan.host);
  const config = {
    ...{ cniVersion: "1.0.0", name: "pods", type: "macvlan", master: "p0" },
    ipam: {
      ...{ type: "host-local", dataDir: cni.dataDir, subnet: "10.0.0.0/24" },
      rangeStart: "10.0.0.50",
    },
  };
  /** One execution of the reference's macvlan in the host's namespace. */
  const theirs = (command: string, stdin: object, { netns, id, ipam = "" }: Container) => {
    const path = { CNI_PATH: `${ipam}:${reference}`, PATH: "/usr/bin:/bin" };
    const env = { ...cni.pod(id, netns), ...path, CNI_COMMAND: command };
    const args = [`--net=${pathOf(lan.host)}`, "--", join(reference, "macvlan")];
    const input = JSON.stringify(stdin);
    const { status, stdout } = spawnSync("nsenter", args, { env, input, encoding: "utf8" });
    return { status, stdout };
  };
  const files = () => readdirSync(join(cni.dataDir, "pods")).filter((name) => /^\d/.test(name));
  const close = () => {
    cni[Symbol.dispose]();
    lan[Symbol.dispose]();
  };
  return { lan, cni, config, theirs, files, [Symbol.dispose]: close };
}

const done = { exitCode: 0, stdout: "" } as const;

test.skipIf(!hasReference)("what the reference made, ours checks and deletes", async () => {
  using site = openSite();
  const { lan, cni, config } = site;
  const [a, b] = [lan.sandbox(), lan.sandbox()];
  const made = site.theirs("ADD", config, { netns: a, id: "a" });
  expect(made.status).toBe(0);
  const later = { ...config, prevResult: JSON.parse(made.stdout) };
  expect(await cni.run("macvlan", "CHECK", later, cni.pod("a", a))).toEqual(done);
  const added = await cni.run("macvlan", "ADD", config, cni.pod("b", b));
  expect(added).toMatchObject({ exitCode: 0 });
  expect([...seenAddresses(a, "eth0"), ...seenAddresses(b, "eth0")]).toEqual([
    "10.0.0.50/24",
    "10.0.0.51/24",
  ]);
  expect(pings(a, "10.0.0.51")).toBe("reachable");
  expect(await cni.run("macvlan", "DEL", later, cni.pod("a", a))).toEqual(done);
  expect(seenLinks(a)).toEqual([]);
  expect(site.files()).toEqual(["10.0.0.51"]);
});

test.skipIf(!hasReference)("what ours made, the reference checks and deletes", async () => {
  using site = openSite();
  const { lan, cni, config } = site;
  const [a, b] = [lan.sandbox(), lan.sandbox()];
  const { stdout } = await cni.run("macvlan", "ADD", config, cni.pod("a", a));
  const later = { ...config, prevResult: JSON.parse(stdout) };
  expect(site.theirs("CHECK", later, { netns: a, id: "a" })).toEqual({ status: 0, stdout: "" });
  expect(site.theirs("ADD", config, { netns: b, id: "b" }).status).toBe(0);
  expect(seenAddresses(b, "eth0")).toEqual(["10.0.0.51/24"]);
  expect(site.theirs("DEL", later, { netns: a, id: "a" })).toEqual({ status: 0, stdout: "" });
  expect(site.files()).toEqual(["10.0.0.51"]);
  // The book still has it; a DEL of ours ends that, and nobody else's address.
  expect(await cni.run("macvlan", "DEL", later, cni.pod("a", a))).toEqual(done);
  expect(site.files()).toEqual(["10.0.0.51"]);
  expect(pings(b, "10.0.0.1")).toBe("reachable");
});

test.skipIf(!hasReference)(
  "ours goes on after the last address that the reference gave",
  async () => {
    using site = openSite();
    const { lan, cni, config } = site;
    const [a, b, c] = [lan.sandbox(), lan.sandbox(), lan.sandbox()];
    for (const [id, netns] of Object.entries({ a, b })) {
      expect(site.theirs("ADD", config, { netns, id }).status).toBe(0);
      expect(site.theirs("DEL", config, { netns, id }).status).toBe(0);
    }
    expect(site.files()).toEqual([]);
    expect(await cni.run("macvlan", "ADD", config, cni.pod("c", c))).toMatchObject({ exitCode: 0 });
    expect(seenAddresses(c, "eth0")).toEqual(["10.0.0.52/24"]);
  },
);

test.skipIf(!hasReference)("the reference's macvlan takes addresses of our host-local", () => {
  using site = openSite();
  const { lan, cni, config } = site;
  const folder = join(cni.dataDir, "bin");
  mkdirSync(folder);
  const script = `#!/bin/sh
export LANDFALL_STATE_DIR=${cni.dataDir}/state LANDFALL_RUN_DIR=${cni.dataDir}/run
exec ${process.execPath} ${join(import.meta.dirname, "..", "src", "main.ts")} cni-plugin host-local
`;
  writeFileSync(join(folder, "host-local"), script);
  chmodSync(join(folder, "host-local"), 0o755);
  const netns = lan.sandbox();
  const made = site.theirs("ADD", config, { netns, id: "a", ipam: folder });
  expect(made.status).toBe(0);
  expect(seenAddresses(netns, "eth0")).toEqual(["10.0.0.50/24"]);
  const later = { ...config, prevResult: JSON.parse(made.stdout) };
  expect(site.theirs("CHECK", later, { netns, id: "a", ipam: folder })).toEqual({
    status: 0,
    stdout: "",
  });
  expect(site.files()).toEqual(["10.0.0.50"]);
  expect(site.theirs("DEL", later, { netns, id: "a", ipam: folder })).toEqual({
    status: 0,
    stdout: "",
  });
  expect(site.files()).toEqual([]);
});
