import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bootUml, hasUml, type UmlSpec } from "./support/uml.ts";

async function run(spec: Omit<UmlSpec, "onLine" | "limitSeconds">) {
  const lines: string[] = [];
  await using machine = bootUml({ ...spec, limitSeconds: 60, onLine: (line) => lines.push(line) });
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
    const { ending, lines } = await run({ script });
    expect(ending).toMatchObject({ kind: "finished", status: 7 });
    expect(ending.console).toContain("on stderr");
    expect(lines[0]).not.toBe(readFileSync("/proc/sys/kernel/osrelease", "utf8").trim());
    expect(lines.slice(1).map((line) => line.split(" ")[0])).toEqual(["lo", "refused"]);
    expect(existsSync(mine)).toBe(false);
    expect(readdirSync(directory)).toEqual([]);
  },
  180_000,
);

test.skipIf(!hasUml)(
  "drivers are loaded when they are needed, and files are handed over",
  async () => {
    const script = `
ip link add p0 type veth peer name p1
ip link add v0 link p0 type vlan id 10
ip link add i0 link p0 type ipvlan
ip link add d0 type dummy
ip -br link show type ipvlan
grep -o memory /sys/fs/cgroup/cgroup.controllers
cat "$FILES/note"`;
    const { ending, lines } = await run({ script, files: { note: "a note\n" } });
    expect(ending).toMatchObject({ kind: "finished", status: 0 });
    expect(lines[0]).toStartWith("i0@p0");
    expect(lines.slice(1)).toEqual(["memory", "a note"]);
  },
  180_000,
);

test.skipIf(!hasUml)(
  "it ends with the process that started it, and nothing of it stays",
  async () => {
    const support = join(import.meta.dirname, "support/uml.ts");
    const program = `
import { bootUml } from "${support}";
await bootUml({ script: "echo up; sleep 60", limitSeconds: 60, onLine: console.log }).ended;`;
    const file = join(directory, "owner.ts");
    writeFileSync(file, program);
    const owner = Bun.spawn([process.execPath, file], { stdout: "pipe" });
    for await (const bytes of owner.stdout) {
      if (new TextDecoder().decode(bytes).includes("up")) owner.kill("SIGKILL");
    }
    await owner.exited;
    rmSync(file);
    await untilEmpty(directory);
    const running = readdirSync("/proc").filter((pid) => commandOf(pid).includes(directory));
    expect(running).toEqual([]);
  },
  180_000,
);

async function untilEmpty(path: string): Promise<void> {
  for (let look = 0; look < 200 && readdirSync(path).length > 0; look++) await Bun.sleep(20);
  expect(readdirSync(path)).toEqual([]);
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

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
    await using machine = bootUml({ script, disks: [disk], limitSeconds: 60, onLine: reached });
    await now;
    expect(await machine.cutPower()).toMatchObject({ kind: "cut" });
    const kept = readFileSync(disk);
    rmSync(disk);
    expect(kept.subarray(0, 5).toString()).toBe("given");
    expect(kept.subarray(4096, 4102).toString()).toBe("\0".repeat(6));
    expect(readdirSync(directory)).toEqual([]);
  },
  180_000,
);
