import { closeSync, existsSync, openSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import { err, ok, type Problem, type Result } from "../base/index.ts";
import { dockerdUnavailable } from "./problems.ts";

/** Where the programs are that a machine and its engine are made of. */
export interface DockerdPrograms {
  /** The folder with the engine's programs: `/`, or one that looks like it. */
  readonly root: string;
  /** In which folders below `root`. */
  readonly path: string;
  /** The real machine's busybox, which is static. */
  readonly busybox: string;
}

const FOLDERS = ["/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin", "/usr/local/bin"];

/** The engine's own, with the Debian packages that have them. */
const needed = [
  ["dockerd", "docker.io"],
  ["docker", "docker.io (docker-cli from Debian 13 on)"],
  ["containerd", "containerd"],
  ["runc", "runc"],
  ["iptables", "iptables"],
] as const;

/**
 * What engines are started from; `root` is a folder with an engine's programs, and absent for the
 * machine's own. Errors: LF-DOCKERD-UNAVAILABLE, with what is missing and how to get it.
 */
export function findDockerd(root = "/"): Result<DockerdPrograms, Problem> {
  if (!isRoot()) {
    const reason = "it needs root, and not only that of a user namespace";
    return refuse(reason, "Run it as root (sudo).");
  }
  const folders = root === "/" ? [...FOLDERS, ...ownFolders()] : FOLDERS;
  const missing = needed.filter(([name]) => find(name, folders, root) === undefined);
  if (missing.length > 0) {
    const names = missing.map(([name]) => name).join(", ");
    const packages = [...new Set(missing.map(([, from]) => from))].join(" ");
    const where = root === "/" ? "here" : `in ${root}`;
    return refuse(`there is no ${names} ${where}`, `Debian: apt install ${packages}`);
  }
  const busybox = find("busybox", [...FOLDERS, ...ownFolders()], "/");
  if (busybox === undefined || !isStatic(busybox)) {
    return refuse("there is no static busybox here", "Debian: apt install busybox-static");
  }
  return ok({ root, path: folders.join(":"), busybox });
}

function refuse(reason: string, remedy: string): Result<never, Problem> {
  return err(dockerdUnavailable({ reason, remedy }));
}

/** Whether root here is root of the machine: of a user namespace some users are missing. */
function isRoot(): boolean {
  if (process.getuid?.() !== 0) return false;
  const [first, outside, count] = readFileSync("/proc/self/uid_map", "utf8").trim().split(/\s+/);
  return first === "0" && outside === "0" && count === "4294967295";
}

function ownFolders(): readonly string[] {
  return (process.env.PATH ?? "").split(":").filter((folder) => folder.startsWith("/"));
}

function find(name: string, folders: readonly string[], root: string): string | undefined {
  return folders.map((folder) => join(root, folder, name)).find((path) => existsSync(path));
}

/** Where the path of the program's loader would stand. */
const HEAD_BYTES = 4096;

/** A program that needs a loader would need the machine's libraries too. */
function isStatic(path: string): boolean {
  const head = Buffer.alloc(HEAD_BYTES);
  const fd = openSync(path, "r");
  try {
    readSync(fd, head, 0, HEAD_BYTES, 0);
  } finally {
    closeSync(fd);
  }
  return !head.includes("/ld-");
}
