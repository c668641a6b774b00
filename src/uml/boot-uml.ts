/**
 * A second Linux kernel as an ordinary process: Debian's user-mode-linux, with this machine's file
 * system as its root, read-only. It needs no privilege, has a network stack of its own, and can be
 * cut off like a machine whose plug is pulled.
 */
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MODULES, SYSTEM_PATH, type UmlPrograms } from "./find-uml.ts";

/** Where the guest sees all of this machine's files, also those that its own mounts cover. */
export const HOST_ROOT = "/run/host";

/** What a user-mode kernel does. */
export interface UmlSpec {
  /**
   * Bash, run as root of the new kernel. There are /proc, /sys with cgroups, an empty /run, and
   * the devices; kernel modules are loaded when they are needed. What it mounts from a disk it
   * unmounts.
   */
  readonly script: string;
  /** Files that the script finds in $FILES, by name. */
  readonly files?: Readonly<Record<string, string>>;
  /**
   * Image files that are /dev/ubda, /dev/ubdb… inside. What the kernel gives to such a disk is in
   * the file at once, and a flush does nothing more: a disk whose cache survives.
   */
  readonly disks?: readonly string[];
  /** In megabytes; this machine gives only what is used. */
  readonly memory?: number;
  /** After so long it is ended from inside and from outside, so that none outlives its user. */
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

const MEMORY_MB = 512;
const ENDED = "script-ended ";
const BOOT_SECONDS_MAX = 20;

/**
 * The first process of the group: it waits for the end of its input, which comes when the process
 * that holds it ends in whatever way, and then takes all of the machine down.
 */
const KEEPER = `exec 3<&0
(read -r _ <&3; rm -rf -- "$0"; kill -KILL 0) >/dev/null 2>&1 &
exec 3<&- </dev/null
exec "$@"`;

/** Starts a machine; what it is given is read by the time that the script begins. */
export function bootUml({ linux }: UmlPrograms, spec: UmlSpec): UmlMachine {
  const directory = mkdtempSync(join(tmpdir(), "landfall-uml-"));
  // By its descriptor: the keeper may have removed the directory by the time that it is read.
  const console = openSync(join(directory, "console"), "w");
  for (const [name, text] of Object.entries(spec.files ?? {})) {
    writeFileSync(join(directory, name), text);
  }
  writeFileSync(join(directory, "script"), spec.script);
  writeFileSync(join(directory, "init"), initScript(directory, spec), { mode: 0o755 });
  const command = ["sh", "-c", KEEPER, directory, linux, ...kernelArguments(directory, spec)];
  const child = Bun.spawn(command, {
    stdin: "pipe",
    stdout: "pipe",
    stderr: console,
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
      const said = { console: readFileSync(`/proc/self/fd/${console}`, "utf8") };
      if (fate === undefined && status !== undefined) return { kind: "finished", status, ...said };
      return { kind: fate ?? "crashed", ...said };
    } finally {
      clearTimeout(limit);
      killGroup(child.pid);
      await groupGone(child.pid);
      closeSync(console);
      rmSync(directory, { recursive: true, force: true });
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

function kernelArguments(
  directory: string,
  { disks = [], memory = MEMORY_MB }: UmlSpec,
): readonly string[] {
  return [
    ...[
      `mem=${memory}M`,
      "quiet",
      "rootfstype=hostfs",
      "rootflags=/",
      "ro",
      `init=${directory}/init`,
    ],
    // BSD terminals, a race of RAID 6 algorithms, a compressed swap: most of a boot, for nobody.
    ...["pty.legacy_count=0", "initcall_blacklist=raid6_select_algo,init_zswap"],
    ...disks.map((path, index) => `ubd${index}=${path}`),
    // The console goes to stderr; what the script says has a serial line for itself, on stdout.
    ...["con=null", "con0=null,fd:2", "ssl=null", "ssl0=null,fd:1"],
    // Otherwise it makes a directory in the user's home.
    ...[`uml_dir=${directory}/`, "umid=machine"],
  ];
}

function initScript(directory: string, { limitSeconds }: UmlSpec): string {
  // There is one processor, and a page costs most there: code is run, and not compiled meanwhile.
  return `#!/bin/sh
export PATH=${SYSTEM_PATH} HOME=/run TMPDIR=/run BUN_JSC_useBaselineJIT=0
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t cgroup2 none /sys/fs/cgroup
mount -t tmpfs tmpfs /run
mkdir -p /run/netns /run/uml/lib ${HOST_ROOT}
mount --bind / ${HOST_ROOT}
ln -s ${MODULES} /run/uml/lib/modules
printf '#!/bin/sh\nexec modprobe -d /run/uml "$@"\n' >/run/uml/modprobe
chmod +x /run/uml/modprobe
echo /run/uml/modprobe >/proc/sys/kernel/modprobe
# Other kernels have the first built in, so that nobody asks for it before its settings are written;
# for the others iptables asks itself, which it cannot where /run is another.
modprobe -d /run/uml -a ipv6 ip_tables ip6_tables
(sleep ${limitSeconds}; echo o >/proc/sysrq-trigger) &
ln -s /proc/self/fd /dev/fd
exec 3>/dev/ttyS0
stty -F /dev/ttyS0 raw -echo
FILES=${HOST_ROOT}${directory} bash -eu -o pipefail ${HOST_ROOT}${directory}/script >&3
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
