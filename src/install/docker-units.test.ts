import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { err, ok, type Problem, type Result } from "../base/index.ts";
import { type InstallReport, installDocker, uninstallDocker } from "./docker-units.ts";
import { openInstallPorts } from "./open-ports.ts";
import type { Greeting, InstallPorts, UnitFiles } from "./ports.ts";

/** A machine with systemd that is a list of files and two facts. */
class Machine {
  readonly files = new Map<string, string>();
  readonly ran: string[] = [];
  enabled = false;
  active = false;
  booted: "yes" | "no" = "yes";
  /** The n-th change, counted from 1, is refused. */
  failing = 0;
  stranger = false;
  greeting: Greeting = { kind: "driver" };
  #changes = 0;

  ports(program = "/opt/landfall"): InstallPorts {
    return {
      program,
      files: this.#files(),
      isBooted: () => this.booted,
      run: async ([name, ...args]) => {
        const line = [name, ...args].join(" ");
        if (line.includes(" is-")) return { exitCode: this.#asked(line), stderr: "" };
        this.ran.push(line);
        if (this.#isRefused()) return { exitCode: 1, stderr: "Job failed." };
        this.#obey(args.filter((arg) => !arg.startsWith("--root")));
        return { exitCode: 0, stderr: "" };
      },
      greet: async () => {
        if (this.stranger) return { kind: "driver" };
        if (!this.active) return { kind: "silent", reason: "ENOENT" };
        return this.#isRefused() ? { kind: "silent", reason: "late" } : this.greeting;
      },
    };
  }

  snapshot(): unknown {
    return { files: new Map(this.files), enabled: this.enabled, active: this.active };
  }

  #isRefused(): boolean {
    this.#changes += 1;
    return this.#changes === this.failing;
  }

  #asked(line: string): number {
    return (line.includes("is-active") ? this.active : this.enabled) ? 0 : 3;
  }

  #obey([verb, ...args]: readonly string[]): void {
    if (verb === "enable") this.enabled = true;
    if (verb === "disable") this.enabled = false;
    if (verb === "start" || verb === "restart") this.active = true;
    if (verb === "stop" || (verb === "disable" && args.includes("--now"))) this.active = false;
  }

  #files(): UnitFiles {
    return {
      read: (path) => ok(this.files.get(path)),
      write: (path, text) => {
        if (this.#isRefused()) return err("EROFS");
        this.files.set(path, text);
        return ok();
      },
      remove: (path) => {
        if (this.#isRefused()) return err("EROFS");
        this.files.delete(path);
        return ok();
      },
    };
  }
}

const done = { effect: "done" } as const;
const SERVICE = "/etc/systemd/system/landfall.service";
const SOCKET = "/etc/systemd/system/landfall.socket";
const BOTH = "landfall.socket landfall.service";

const stepsOf = (result: Result<InstallReport, Problem>): readonly string[] =>
  result.ok ? result.value.steps.map(({ step, what }) => `${step} ${what}`) : [result.error.code];

describe("install", () => {
  test("writes, enables, starts and greets", async () => {
    const machine = new Machine();
    expect(stepsOf(await installDocker(done, machine.ports()))).toEqual([
      `created ${SOCKET}`,
      `created ${SERVICE}`,
      "ran systemctl daemon-reload",
      `ran systemctl enable ${BOTH}`,
      `ran systemctl start ${BOTH}`,
      "answers /run/docker/plugins/landfall.sock",
    ]);
    expect(machine.files.get(SERVICE)).toContain("\nExecStart=/opt/landfall daemon\n");
    expect([machine.enabled, machine.active]).toEqual([true, true]);
  });

  test("a second time changes nothing and restarts nothing", async () => {
    const machine = new Machine();
    await installDocker(done, machine.ports());
    const before = machine.snapshot();
    machine.ran.length = 0;
    const again = stepsOf(await installDocker(done, machine.ports()));
    expect(again.slice(0, 2)).toEqual([`unchanged ${SOCKET}`, `unchanged ${SERVICE}`]);
    expect(machine.ran).toEqual([`systemctl enable ${BOTH}`, `systemctl start ${BOTH}`]);
    expect(machine.snapshot()).toEqual(before);
  });

  test("a unit of another version is replaced, and the daemon started anew", async () => {
    const machine = new Machine();
    await installDocker(done, machine.ports("/old/landfall"));
    const steps = stepsOf(await installDocker(done, machine.ports()));
    expect(steps).toContain(`replaced ${SERVICE}`);
    expect(steps).toContain(`ran systemctl restart ${BOTH}`);
    expect(machine.files.get(SERVICE)).toContain("/opt/landfall");
  });

  test("a unit that a person changed is kept", async () => {
    const machine = new Machine();
    await installDocker(done, machine.ports("/old/landfall"));
    const mine = `${machine.files.get(SERVICE)}# mine\n`;
    machine.files.set(SERVICE, mine);
    expect(stepsOf(await installDocker(done, machine.ports()))).toContain(`kept ${SERVICE}`);
    expect(machine.files.get(SERVICE)).toBe(mine);
  });

  test("a dry run says the same and does nothing", async () => {
    const machine = new Machine();
    const said = stepsOf(await installDocker({ effect: "dry-run" }, machine.ports()));
    expect([machine.files.size, machine.ran]).toEqual([0, []]);
    expect(said).toEqual(stepsOf(await installDocker(done, machine.ports())));
  });

  test("without systemd it tells the command to run instead", async () => {
    const machine = new Machine();
    machine.booted = "no";
    const refused = await installDocker(done, machine.ports("/my programs/landfall"));
    const problem = refused.ok ? undefined : refused.error;
    expect([problem?.code, problem?.exitCode]).toEqual(["LF-INSTALL-NO-SYSTEMD", 4]);
    expect(problem?.command).toStartWith("setsid -f '/my programs/landfall' daemon ");
    expect(machine.files.size).toBe(0);
  });

  test("a daemon that was started by hand does not lose its socket", async () => {
    const machine = new Machine();
    machine.stranger = true;
    const before = machine.snapshot();
    expect(stepsOf(await installDocker(done, machine.ports()))).toEqual(["LF-INSTALL-RUNNING"]);
    expect(machine.snapshot()).toEqual(before);
  });

  test("a daemon that is no driver is taken away again", async () => {
    const machine = new Machine();
    machine.greeting = { kind: "silent", reason: "it answers 501: no" };
    const before = machine.snapshot();
    const refused = await installDocker(done, machine.ports());
    expect(refused.ok ? "" : refused.error.detail).toContain("it answers 501: no");
    expect(machine.snapshot()).toEqual(before);
  });
});

describe("uninstall", () => {
  test("stops, disables and removes", async () => {
    const machine = new Machine();
    await installDocker(done, machine.ports());
    expect(stepsOf(await uninstallDocker(done, machine.ports("/new/landfall")))).toEqual([
      `ran systemctl disable --now ${BOTH}`,
      `removed ${SOCKET}`,
      `removed ${SERVICE}`,
      "ran systemctl daemon-reload",
    ]);
    expect(machine.snapshot()).toEqual(new Machine().snapshot());
  });

  test("keeps what a person changed, and stops it", async () => {
    const machine = new Machine();
    await installDocker(done, machine.ports());
    machine.files.set(SERVICE, `${machine.files.get(SERVICE)}# mine\n`);
    expect(stepsOf(await uninstallDocker(done, machine.ports()))).toContain(`kept ${SERVICE}`);
    expect([...machine.files.keys()]).toEqual([SERVICE]);
    expect([machine.enabled, machine.active]).toEqual([false, false]);
  });

  test("where nothing is installed there is nothing to do, with systemd or without", async () => {
    for (const booted of ["yes", "no"] as const) {
      const machine = new Machine();
      machine.booted = booted;
      const steps = stepsOf(await uninstallDocker(done, machine.ports()));
      expect(steps).toEqual([`absent ${SOCKET}`, `absent ${SERVICE}`]);
      expect(machine.ran).toEqual([]);
    }
  });
});

/** Fails the first change of `work`, then the second, and so on, until it succeeds. */
async function walk(
  prepare: (machine: Machine) => Promise<unknown>,
  work: (machine: Machine) => Promise<Result<InstallReport, Problem>>,
): Promise<number> {
  for (let failing = 1; failing < 50; failing++) {
    const prepared = new Machine();
    await prepare(prepared);
    const machine = new Machine();
    for (const [path, text] of prepared.files) machine.files.set(path, text);
    Object.assign(machine, { enabled: prepared.enabled, active: prepared.active, failing });
    const before = machine.snapshot();
    const result = await work(machine);
    if (result.ok) return failing - 1;
    expect([failing, result.error.causes, machine.snapshot()]).toEqual([
      failing,
      undefined,
      before,
    ]);
  }
  return Number.POSITIVE_INFINITY;
}

describe("whatever fails, everything is as it was", () => {
  const install = (machine: Machine) => installDocker(done, machine.ports());
  const nothing = async (): Promise<void> => undefined;

  test("when it is installed", async () => {
    expect(await walk(nothing, install)).toBe(6);
  });

  test("when another version is replaced", async () => {
    const older = (machine: Machine) => installDocker(done, machine.ports("/old/landfall"));
    expect(await walk(older, install)).toBe(5);
  });

  test("when it is installed again, after somebody stopped and disabled it", async () => {
    const stopped = async (machine: Machine): Promise<void> => {
      await install(machine);
      Object.assign(machine, { enabled: false, active: false });
    };
    expect(await walk(stopped, install)).toBe(3);
  });

  test("when it is uninstalled", async () => {
    expect(await walk(install, (machine) => uninstallDocker(done, machine.ports()))).toBe(4);
  });

  test("what cannot be put back is told too", async () => {
    const machine = new Machine();
    const ports = machine.ports();
    const run: InstallPorts["run"] = async ([, verb = ""]) =>
      verb === "stop" || verb === "start"
        ? { exitCode: 1, stderr: `no ${verb}` }
        : { exitCode: verb.startsWith("is-") ? 3 : 0, stderr: "" };
    const refused = await installDocker(done, { ...ports, run });
    const problem = refused.ok ? undefined : refused.error;
    expect(problem?.detail).toContain("no start");
    expect(problem?.causes?.map(({ detail }) => detail)).toEqual([
      `systemctl stop ${BOTH} ended with 1: no stop`,
    ]);
    expect(machine.files.size).toBe(0);
  });
});

describe("on a real file system", () => {
  let root = "";
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "landfall-root-"));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const ports = (ran: string[]): InstallPorts => ({
    ...openInstallPorts("/opt/landfall"),
    run: async (command) => {
      ran.push(command.join(" "));
      return { exitCode: 0, stderr: "" };
    },
    greet: async () => ({ kind: "silent", reason: "nobody may be asked" }),
  });

  test("the root of an image gets its units, and nothing is started", async () => {
    const ran: string[] = [];
    const request = { effect: "done", root } as const;
    expect((await installDocker(request, ports(ran))).ok).toBe(true);
    const directory = join(root, "etc/systemd/system");
    expect(readdirSync(directory).sort()).toEqual(["landfall.service", "landfall.socket"]);
    expect(readFileSync(join(directory, "landfall.service"), "utf8")).toContain("/opt/landfall");
    expect(ran.filter((line) => !line.includes("is-"))).toEqual([
      `systemctl --root=${root} enable ${BOTH}`,
    ]);
    expect((await uninstallDocker(request, ports(ran))).ok).toBe(true);
    expect(readdirSync(directory)).toEqual([]);
  });

  test("a program inside that root is named as it will be there", async () => {
    const inside = openInstallPorts(join(root, "usr/bin/landfall"));
    await installDocker({ effect: "done", root }, { ...ports([]), program: inside.program });
    const unit = readFileSync(join(root, "etc/systemd/system/landfall.service"), "utf8");
    expect(unit).toContain("\nExecStart=/usr/bin/landfall daemon\n");
  });

  test("a file that could not be put in place is not left beside it", () => {
    const { files } = openInstallPorts("/opt/landfall");
    mkdirSync(join(root, "taken/by a directory"), { recursive: true });
    expect(files.write(join(root, "taken"), "text").ok).toBe(false);
    expect(readdirSync(root)).toEqual(["taken"]);
  });

  test("what cannot be written is a refusal, and leaves nothing half-made", async () => {
    mkdirSync(join(root, "etc/systemd"), { recursive: true });
    writeFileSync(join(root, "etc/systemd/system"), "");
    const refused = await installDocker({ effect: "done", root }, ports([]));
    expect(refused.ok ? "" : [refused.error.code, refused.error.exitCode]).toEqual([
      "LF-INSTALL-FILE",
      4,
    ]);
    expect(readdirSync(join(root, "etc/systemd"))).toEqual(["system"]);
  });
});
