/**
 * A second Linux kernel as an ordinary process: Debian's user-mode-linux, with this machine's file
 * system as its root, read-only. It needs no privilege, has a network stack of its own, and can be
 * cut off like a machine whose plug is pulled.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface UmlSpec {
  /**
   * Bash, run as root of the new kernel. There are /proc, /sys, an empty /run and the devices; what
   * it mounts from a disk it unmounts.
   */
  readonly script: string;
  /**
   * Image files that are /dev/ubda, /dev/ubdb… inside. What the kernel gives to such a disk is in
   * the file at once, and a flush does nothing more: a disk whose cache survives.
   */
  readonly disks?: readonly string[];
  /** Kernel modules to load first, as modprobe(8) names them. */
  readonly modules?: readonly string[];
  /** After so long it is ended from inside and from outside, so that none outlives its test. */
  readonly limitSeconds: number;
  /** Each line that the script writes to stdout, as soon as it is there. */
  readonly onLine?: (line: string) => void;
}

/** How a machine ended, and what the kernel and the script's stderr said meanwhile. */
export type UmlEnding = { readonly console: string } & (
  | { readonly kind: "finished"; readonly status: number }
  | { readonly kind: "cut" | "timed-out" | "crashed" }
);

export interface UmlMachine extends AsyncDisposable {
  readonly ended: Promise<UmlEnding>;
  /** Ends it at once, with nothing written that the kernel had not yet given to its disks. */
  cutPower(): Promise<UmlEnding>;
}

/** Where an ordinary user finds an administrator's programs too. */
const SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin";
/** Debian builds it for x86 only. */
export const hasUml = process.arch === "x64";

const MEMORY = "mem=512M";
const ENDED = "script-ended ";
const BOOT_SECONDS_MAX = 20;

export function bootUml(spec: UmlSpec): UmlMachine {
  const linux = Bun.which("linux.uml");
  if (linux === null || Bun.which("modprobe", { PATH: SYSTEM_PATH }) === null) {
    throw new Error("linux.uml or modprobe is missing: apt install user-mode-linux kmod");
  }
  const directory = mkdtempSync(join(tmpdir(), "landfall-uml-"));
  const consoleFile = join(directory, "console");
  writeFileSync(join(directory, "script"), spec.script);
  writeFileSync(join(directory, "init"), initScript(directory, spec), { mode: 0o755 });
  const child = Bun.spawn([linux, ...kernelArguments(directory, spec)], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: Bun.file(consoleFile),
    // A process group of its own: the kernel is several processes, one for each of its own.
    detached: true,
  });
  let fate: "cut" | "timed-out" | undefined;
  const end = (why: "cut" | "timed-out"): void => {
    fate ??= why;
    killGroup(child.pid);
  };
  const limit = setTimeout(() => end("timed-out"), (spec.limitSeconds + BOOT_SECONDS_MAX) * 1000);
  const watch = async (): Promise<UmlEnding> => {
    try {
      const status = await readLines(child.stdout, spec.onLine ?? (() => {}));
      await child.exited;
      const said = { console: readFileSync(consoleFile, "utf8") };
      if (fate === undefined && status !== undefined) return { kind: "finished", status, ...said };
      return { kind: fate ?? "crashed", ...said };
    } finally {
      clearTimeout(limit);
      killGroup(child.pid);
      await groupGone(child.pid);
      rmSync(directory, { recursive: true });
    }
  };
  const ended = watch();
  const cutPower = (): Promise<UmlEnding> => {
    end("cut");
    return ended;
  };
  return {
    ended,
    cutPower,
    [Symbol.asyncDispose]: async () => {
      // Whoever waited for `ended` has had its error.
      await Promise.allSettled([cutPower()]);
    },
  };
}

function kernelArguments(directory: string, { disks = [] }: UmlSpec): readonly string[] {
  return [
    ...[MEMORY, "quiet", "rootfstype=hostfs", "rootflags=/", "ro", `init=${directory}/init`],
    ...disks.map((path, index) => `ubd${index}=${path}`),
    // The console goes to stderr; what the script says has a serial line for itself, on stdout.
    ...["con=null", "con0=null,fd:2", "ssl=null", "ssl0=null,fd:1"],
    // Otherwise it makes a directory in the user's home.
    ...[`uml_dir=${directory}/`, "umid=machine"],
  ];
}

function initScript(directory: string, { modules = [], limitSeconds }: UmlSpec): string {
  const load = modules.length === 0 ? ":" : `modprobe -d /run/uml -a ${modules.join(" ")}`;
  return `#!/bin/sh
export PATH=${SYSTEM_PATH} HOME=/run TMPDIR=/run
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs tmpfs /run
mkdir -p /run/netns /run/uml/lib
ln -s /usr/lib/uml/modules /run/uml/lib/modules
(sleep ${limitSeconds}; echo o >/proc/sysrq-trigger) &
exec 3>/dev/ttyS0
stty -F /dev/ttyS0 raw -echo
${load} && bash -eu -o pipefail ${directory}/script >&3
echo "${ENDED}$?" >&3
exec 3>&-
echo o >/proc/sysrq-trigger
sleep 60
`;
}

/** Reads to the end; the exit status of the script, if it came to that. */
async function readLines(
  stdout: ReadableStream<Uint8Array>,
  onLine: (line: string) => void,
): Promise<number | undefined> {
  let rest = "";
  let status: number | undefined;
  const decoder = new TextDecoder();
  for await (const bytes of stdout) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line.startsWith(ENDED)) status = Number(line.slice(ENDED.length));
      else onLine(line);
    }
  }
  return status;
}

function killGroup(leader: number): void {
  try {
    process.kill(-leader, "SIGKILL");
  } catch (error) {
    const isGone = error instanceof Error && "code" in error && error.code === "ESRCH";
    if (!isGone) throw error;
  }
}

/** One that is still dying may still write to a disk, so its death is waited for. */
async function groupGone(leader: number): Promise<void> {
  for (let look = 0; look < 500; look++) {
    if (!isGroupAlive(leader)) return;
    await Bun.sleep(10);
  }
  throw new Error(`processes of the user-mode kernel ${leader} do not end`);
}

/** Zombies are dead, though kill(2) finds them until whoever inherited them has looked. */
function isGroupAlive(leader: number): boolean {
  return readdirSync("/proc").some((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
      const [state, , group] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return group === String(leader) && state !== "Z" && state !== "X";
    } catch {
      // It ended while it was looked at.
      return false;
    }
  });
}
