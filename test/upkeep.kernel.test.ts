import { expect, test } from "bun:test";
import { inside, openLan, pathOf, seenLinks } from "./support/lan.ts";
import { openProgramHost } from "./support/program.ts";

test("status finds a sandbox that is gone, and reconcile collects it", async () => {
  using lan = openLan();
  using host = openProgramHost(lan.host);
  const network = ["--parent", "p0", "--subnet", "10.0.0.0/24"];
  await host.run("net", "create", "lan", ...network);
  const sandbox = lan.sandbox();
  const attached = await host.run("attach", "lan", "--netns", pathOf(sandbox));
  const { id, mac } = JSON.parse(attached.stdout).endpoint;

  const well = await host.run("status");
  expect([well.exitCode, JSON.parse(well.stdout)]).toEqual([0, { schemaVersion: 1, findings: [] }]);

  sandbox.close();
  const filter = (): string => inside(lan.host, "bridge", "fdb", "show", "dev", "p0");
  for (let look = 0; look < 300 && filter().includes(mac); look++) await Bun.sleep(10);
  for (const command of [["status"], ["reconcile", "--dry-run"]]) {
    const told = await host.run(...command);
    expect(told.exitCode).toBe(1);
    expect(JSON.parse(told.stdout).findings).toEqual([
      expect.objectContaining({ endpoint: id, kind: "sandbox-gone", action: "collect" }),
    ]);
  }
  const mended = await host.run("reconcile");
  expect(mended.exitCode).toBe(0);
  expect(JSON.parse(mended.stdout).reconciled).toEqual([
    expect.objectContaining({ endpoint: id, outcome: "done" }),
  ]);
  expect((await host.run("status")).exitCode).toBe(0);
  expect(JSON.parse((await host.run("endpoint", "ls")).stdout).endpoints).toEqual([]);
}, 60_000);

test("a link that is not ours is told, and neither changed nor deleted", async () => {
  using lan = openLan();
  using host = openProgramHost(lan.host);
  await host.run("net", "create", "lan", "--parent", "p0", "--subnet", "10.0.0.0/24");
  const sandbox = lan.sandbox();
  await host.run("attach", "lan", "--netns", pathOf(sandbox));
  // Somebody else's mark, and a name that is not the temporary one.
  inside(sandbox, "ip", "link", "set", "dev", "eth0", "alias", "landfall:other:ep-1");
  const before = seenLinks(sandbox);
  expect(JSON.parse((await host.run("status")).stdout).findings).toEqual([
    expect.objectContaining({ kind: "link-foreign", action: "none" }),
  ]);
  await host.run("reconcile");
  expect(seenLinks(sandbox)).toEqual(before);
}, 60_000);
