import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { type Millis, ok, seconds } from "../base/index.ts";
import { attempt, syncDirectory } from "./disk.ts";
import type { Greeting, InstallPorts, Ran, UnitFiles } from "./ports.ts";

/** systemd says that the daemon is ready before it is asked; this is for a busy machine. */
const GREETING_DEADLINE: Millis = seconds(5);
/** The directory by which sd_booted(3) tells. */
const BOOTED = "/run/systemd/system";

/** This machine; `program` is the path that starts this program. */
export function openInstallPorts(program: string): InstallPorts {
  return { program, files, isBooted: () => (existsSync(BOOTED) ? "yes" : "no"), run, greet };
}

const files: UnitFiles = {
  read: (path) => {
    const text = attempt(() => readFileSync(path, "utf8"));
    return !text.ok && text.error === "ENOENT" ? ok(undefined) : text;
  },
  write: (path, text) => {
    // Not the name of a unit, so nobody reads it half-written.
    const temporary = `${path}.${crypto.randomUUID()}`;
    const written = attempt(() => {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(temporary, text, { flag: "wx", mode: 0o644, flush: true });
      renameSync(temporary, path);
      syncDirectory(dirname(path));
    });
    if (!written.ok) attempt(() => rmSync(temporary, { force: true }));
    return written;
  },
  remove: (path) => attempt(() => rmSync(path, { force: true })),
};

async function run(command: readonly [name: string, ...args: string[]]): Promise<Ran> {
  try {
    const options = { stdin: "ignore", stdout: "ignore", stderr: "pipe" } as const;
    const child = Bun.spawn([...command], options);
    const [exitCode, stderr] = await Promise.all([child.exited, new Response(child.stderr).text()]);
    return { exitCode, stderr: stderr.trim() };
  } catch (error) {
    // As a shell says it: 127, the program is not there.
    return { exitCode: 127, stderr: wordsOf(error) };
  }
}

async function greet(socket: string): Promise<Greeting> {
  try {
    const signal = AbortSignal.timeout(GREETING_DEADLINE);
    const options = { unix: socket, method: "POST", keepalive: false, signal };
    const url = "http://plugin.moby.localhost/Plugin.Activate";
    const answer = await fetch(url, options as RequestInit);
    const told = await answer.text();
    if (answer.status === 200 && isDriver(JSON.parse(told))) return { kind: "driver" };
    return { kind: "silent", reason: `it answers ${answer.status}: ${told.slice(0, 100)}` };
  } catch (error) {
    return { kind: "silent", reason: wordsOf(error) };
  }
}

function isDriver(told: unknown): boolean {
  if (typeof told !== "object" || told === null || !("Implements" in told)) return false;
  return Array.isArray(told.Implements) && told.Implements.includes("NetworkDriver");
}

function wordsOf(error: unknown): string {
  if (error instanceof Error && "code" in error && typeof error.code === "string")
    return error.code;
  const words = error instanceof Error ? error.message : String(error);
  return words.replaceAll(/\s+/g, " ").replace(/\.$/, "");
}
