import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bootUml, hasUml, type UmlSpec } from "./support/uml.ts";

async function run(spec: Omit<UmlSpec, "onLine" | "limitSeconds">) {
  const lines: string[] = [];
  await using machine = bootUml({ ...spec, limitSeconds: 20, onLine: (line) => lines.push(line) });
  return { ending: await machine.ended, lines };
}

/** All temporary files of this test are here, so that nobody else's are taken for its own. */
const directory = mkdtempSync(join(tmpdir(), "landfall-uml-test-"));
const before = process.env.TMPDIR;

beforeAll(() => {
  process.env.TMPDIR = directory;
});

afterAll(() => {
  if (before === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = before;
  rmSync(directory, { recursive: true });
});

test.skipIf(!hasUml)(
  "a script has a kernel of its own, and may change nothing of this machine",
  async () => {
    const mine = join(directory, "mine");
    const looks = `uname -r; ip -br link; touch ${mine} || echo refused`;
    const script = `${looks}; echo on stderr >&2; exit 7`;
    const { ending, lines } = await run({ script, modules: ["veth"] });
    expect(ending).toMatchObject({ kind: "finished", status: 7 });
    expect(ending.console).toContain("on stderr");
    expect(lines[0]).not.toBe(readFileSync("/proc/sys/kernel/osrelease", "utf8").trim());
    expect(lines.slice(1).map((line) => line.split(" ")[0])).toEqual(["lo", "refused"]);
    expect(existsSync(mine)).toBe(false);
    expect(readdirSync(directory)).toEqual([]);
  },
  60_000,
);

test.skipIf(!hasUml)(
  "a module that is not there is told, with the script not begun",
  async () => {
    const { ending, lines } = await run({ script: "echo begun", modules: ["no-such-module"] });
    expect(ending).toMatchObject({ kind: "finished", status: 1 });
    expect(ending.console).toContain("no-such-module");
    expect(lines).toEqual([]);
  },
  60_000,
);

test.skipIf(!hasUml)(
  "when the power is cut, a disk keeps what it was given, and what the kernel still had is lost",
  async () => {
    const disk = join(directory, "disk");
    writeFileSync(disk, new Uint8Array(1 << 20));
    // Held open, since the last one to close a device writes everything.
    const script = `
exec 9<>/dev/ubda
printf given | dd of=/dev/ubda conv=fsync,notrunc
printf cached | dd of=/dev/ubda seek=1 bs=4096 conv=notrunc
echo now
sleep 60`;
    let reached = () => {};
    const now = new Promise<void>((resolve) => {
      reached = resolve;
    });
    await using machine = bootUml({ script, disks: [disk], limitSeconds: 20, onLine: reached });
    await now;
    expect(await machine.cutPower()).toMatchObject({ kind: "cut" });
    const kept = readFileSync(disk);
    rmSync(disk);
    expect(kept.subarray(0, 5).toString()).toBe("given");
    expect(kept.subarray(4096, 4102).toString()).toBe("\0".repeat(6));
    expect(readdirSync(directory)).toEqual([]);
  },
  60_000,
);
