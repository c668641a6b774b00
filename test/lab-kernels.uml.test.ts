/**
 * Labs on a user-mode kernel: by themselves where the running one lacks a driver, or because
 * somebody wants it. What is on this machine stays as it is.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { release, tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Ending,
  landfall,
  livingProcesses,
  nobody,
  problemOf,
  start,
} from "./support/program.ts";
import { hasUml } from "./support/uml.ts";

setDefaultTimeout(300_000);

const directory = mkdtempSync(join(tmpdir(), "landfall-kernels-"));
const temporary = mkdtempSync(join(tmpdir(), "landfall-guests-"));
afterAll(() => {
  for (const path of [directory, temporary]) rmSync(path, { recursive: true });
});

interface Told {
  readonly id: string;
  readonly status: string;
  readonly kernel: string;
  readonly reason?: string;
  readonly checks: readonly { readonly check: string; readonly ok: boolean }[];
}

function scenariosOf({ stdout }: Ending): readonly Told[] {
  return (JSON.parse(stdout) as { scenarios: readonly Told[] }).scenarios;
}

/** A scenario of one machine, which writes down what its kernel is called. */
function scenario(id: string, parts: object): string {
  const path = join(directory, `${id}.yaml`);
  const machines = { pc: { switch: "sw0", addresses: ["192.168.1.9/24"] } };
  writeFileSync(path, JSON.stringify({ id, title: id, switches: { sw0: {} }, machines, ...parts }));
  return path;
}

const needsVlan = { needs: ["vlan"] };
const onKernel = (release: string) => ({
  checks: [{ do: `run "uname -r | grep -qxF ${release}" on pc` }],
});
const onAnother = (release: string) => ({
  checks: [{ do: `run "! uname -r | grep -qxF ${release}" on pc` }],
});

/** As by `landfall lab run`, with what the program leaves in the temporary directory seen. */
function run(args: readonly string[], behind: readonly string[] = []): Promise<Ending> {
  const into = ["env", `TMPDIR=${temporary}`];
  return landfall(["lab", "run", "--format", "json", ...args], [...into, ...behind]);
}

let host: string;
let guest: string;
let wrong: string;
beforeAll(() => {
  host = scenario("here", onKernel(release()));
  guest = scenario("there", { ...needsVlan, ...onAnother(release()) });
  wrong = scenario("wrong", { ...needsVlan, ...onKernel(release()) });
});

const uml = test.skipIf(!hasUml);

uml(
  "what the running kernel lacks runs on a user-mode kernel, in the order of the files",
  async () => {
    const ending = await run([guest, host, wrong]);
    const told = scenariosOf(ending).map(({ id, status, kernel }) => [id, status, kernel]);
    // Where the running kernel has VLANs there is nothing that it lacks.
    const hasVlans = told[0]?.[2] === "host";
    expect(told).toEqual(
      hasVlans
        ? [
            ["there", "fail", "host"],
            ["here", "pass", "host"],
            ["wrong", "pass", "host"],
          ]
        : [
            ["there", "pass", "uml"],
            ["here", "pass", "host"],
            ["wrong", "fail", "uml"],
          ],
    );
    expect(ending.exitCode).toBe(1);
    expect(readdirSync(temporary)).toEqual([]);
  },
);

uml("all of it runs there when that is wanted, also for an ordinary user", async () => {
  const here = scenario("anywhere", onAnother(release()));
  chmodSync(directory, 0o755);
  for (const behind of [[], nobody()]) {
    const ending = await landfall(["lab", "run", "--kernel", "uml", here, "--format=json"], behind);
    const told = scenariosOf(ending).map(({ status, kernel }) => [status, kernel]);
    expect([ending.exitCode, told]).toEqual([0, [["pass", "uml"]]]);
  }
});

uml("people see that a kernel starts, and what it does", async () => {
  const ending = await landfall(["lab", "run", "--kernel", "uml", guest]);
  expect(ending.stderr).toContain("A user-mode kernel starts, for there\n");
  expect(ending.stderr).toMatch(/up in \d+\.\d s: 1 switch, 1 machine\n/);
  expect(ending.stdout).toMatch(/^PASS {2}there {2}there \(\d+\.\d s, user-mode kernel\)\n/);
});

uml("what a scenario writes is not written on this machine", async () => {
  const marks = ["/tmp", "/var/tmp", "/run", "/etc", directory].map((path) =>
    join(path, `landfall-mark-${process.pid}`),
  );
  const commands = marks.map((mark) => `echo x 2>/dev/null >${mark} || true`);
  const writing = scenario("writes", {
    checks: [...commands, "echo kept >/run/kept", "grep -q kept /run/kept"].map((command) => ({
      do: `run "${command}" on pc`,
    })),
  });
  const [told] = scenariosOf(await run(["--kernel", "uml", writing]));
  expect(told?.checks.filter(({ ok }) => !ok)).toEqual([]);
  expect(marks.filter((mark) => existsSync(mark))).toEqual([]);
});

const signals = [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGKILL", 137],
] as const;

uml("whatever ends it while a kernel boots or a scenario runs, nothing of it stays", async () => {
  const long = scenario("long", { checks: [{ do: 'run "sleep 600" on pc' }] });
  for (const moment of [0.7, 9]) {
    const ended = signals.map(async ([signal, status]) => {
      const behind = ["env", `TMPDIR=${temporary}`];
      const running = start(["lab", "run", "--kernel", "uml", long], behind);
      await Bun.sleep(moment * 1000);
      running.kill(signal);
      const { exitCode } = await running.ended;
      for (let look = 0; look < 150 && livingProcesses(running).length > 0; look++) {
        await Bun.sleep(20);
      }
      expect([signal, exitCode, livingProcesses(running)]).toEqual([signal, status, []]);
    });
    await Promise.all(ended);
    expect(readdirSync(temporary)).toEqual([]);
  }
});

test("where there is no such kernel, it is said how to get it", async () => {
  // A root in which its programs are covered: a program found by path only.
  const hidden = ["unshare", "--user", "--map-root-user", "--net", "--mount", "sh", "-c"];
  const covers = `for f in $(command -v linux.uml); do mount --bind /dev/null "$f"; done; exec "$@"`;
  const behind = [...hidden, covers, "sh"];
  const wanted = await run(["--kernel", "uml", guest], behind);
  expect(wanted.exitCode).toBe(4);
  expect(problemOf(wanted)).toMatchObject({
    code: "LF-UML-UNAVAILABLE",
    remedy: expect.stringContaining(hasUml ? "apt install user-mode-linux" : "own kernel"),
  });
  const left = await run([guest], behind);
  const [told] = scenariosOf(left);
  if (told?.kernel === "host" && told.status !== "skip") return;
  expect([left.exitCode, told?.status]).toEqual([0, "skip"]);
  expect(told?.reason).toContain(hasUml ? "apt install user-mode-linux" : "own kernel");
});
