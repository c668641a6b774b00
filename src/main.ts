/**
 * The composition root: the one place where the command line meets Linux, the store, the engine and
 * the lab. Nothing is decided here.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import packageFile from "../package.json" with { type: "json" };
import { ExitCode, err, ok, type Problem, type Result } from "./base/index.ts";
import { type Host, type HostDirectories, runCli, type TextSink } from "./cli/index.ts";
import { kernelRefused } from "./domain/index.ts";
import { fileLocks, openEngine } from "./engine/index.ts";
import { runDemo, runLab } from "./lab/index.ts";
import { openPlatform, type SysError } from "./platform/index.ts";
import { openSqliteStore } from "./store/index.ts";

/** 128 + the signal's number, as shells report it. */
const signalExitCodes = { SIGINT: 130, SIGTERM: 143 } as const;

const interrupt = new AbortController();
let endedBy: keyof typeof signalExitCodes | undefined;
for (const name of ["SIGINT", "SIGTERM"] as const) {
  // Once: who presses Ctrl-C a second time wants it to end without cleaning up.
  process.once(name, () => {
    endedBy = name;
    interrupt.abort();
  });
}

function openHost({ stateDirectory }: HostDirectories): Result<Host, Problem> {
  const opened = openPlatform();
  if (!opened.ok) return err(platformProblem("look at this machine", opened.error));
  const platform = opened.value;
  const home = platform.namespaces.home();
  if (!home.ok) return err(platformProblem("open the host's network namespace", home.error));
  const store = openSqliteStore({
    stateDirectory,
    randomBytes: platform.random.bytes,
    wall: platform.clock.wall,
  });
  if (!store.ok) {
    home.value.close();
    return store;
  }
  // Beside the store, so that whoever has the one has the other.
  const lockDirectory = join(stateDirectory, "operations");
  mkdirSync(lockDirectory, { recursive: true, mode: 0o700 });
  const engine = openEngine({
    platform,
    hostNamespace: home.value,
    store: store.value,
    locks: fileLocks(platform.files, lockDirectory),
  });
  const close = (): void => {
    store.value.close();
    home.value.close();
  };
  return ok({ engine, openNamespace: platform.namespaces.open, [Symbol.dispose]: close });
}

function platformProblem(action: string, { errno, call }: SysError): Problem {
  return kernelRefused({ action, errno, message: call, attribute: undefined, command: undefined });
}

/** A reader that went away (`| head`) ends the text, not the command. */
function sinkOf(stream: NodeJS.WriteStream): TextSink {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
  return {
    isTty: stream.isTTY === true,
    write: (text) => {
      stream.write(text);
    },
  };
}

async function main(): Promise<number> {
  try {
    const exitCode = await runCli(process.argv.slice(2), {
      stdout: sinkOf(process.stdout),
      stderr: sinkOf(process.stderr),
      env: process.env,
      version: packageFile.version,
      openHost,
      lab: { run: runLab, demo: runDemo },
      signal: interrupt.signal,
    });
    return endedBy === undefined ? exitCode : signalExitCodes[endedBy];
  } catch (bug) {
    const words = bug instanceof Error ? (bug.stack ?? bug.message) : String(bug);
    process.stderr.write(`This is a bug in Landfall ${packageFile.version}:\n${words}\n`);
    return ExitCode.failed;
  }
}

// Not a top-level await: Bun compiles those to no bytecode.
main().then((exitCode) => {
  process.exitCode = exitCode;
});
