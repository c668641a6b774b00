/**
 * The composition root: the one place where the command line meets Linux, the store, the engine and
 * the lab. Nothing is decided here.
 */
import { mkdirSync, writeSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { isatty } from "node:tty";
import packageFile from "../package.json" with { type: "json" };
import { ExitCode, err, ok, type Problem, type Result } from "./base/index.ts";
import {
  type Host,
  type HostDirectories,
  type LabPort,
  runCli,
  type TextSink,
} from "./cli/index.ts";
import { kernelRefused } from "./domain/index.ts";
import { fileLocks, openEngine } from "./engine/index.ts";
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

/** By descriptor: process.stdout takes longer to set up than the rest of the program to start. */
const descriptors = { stdout: 1, stderr: 2 } as const;

/** A reader that went away (`| head`) ends the text, not the command. */
function sinkOf(descriptor: number): TextSink {
  let reader: "there" | "gone" = "there";
  return {
    isTty: isatty(descriptor),
    write: (text) => {
      if (reader === "there") reader = writeAll(descriptor, Buffer.from(text));
    },
  };
}

function writeAll(descriptor: number, bytes: Uint8Array): "there" | "gone" {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(descriptor, bytes, at);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      if (code === "EPIPE") return "gone";
      if (code !== "EAGAIN") throw error;
      // Somebody else made this pipe one that does not block, and its reader is slow.
      Bun.sleepSync(1);
    }
  }
  return "there";
}

/** Only labs read scenarios, and what reads them takes longer to load than all the rest. */
const lab: LabPort = {
  run: async (files, options) => (await import("./lab/index.ts")).runLab(files, options),
  demo: async (options) => (await import("./lab/index.ts")).runDemo(options),
};

async function main(): Promise<number> {
  try {
    const exitCode = await runCli(process.argv.slice(2), {
      stdout: sinkOf(descriptors.stdout),
      stderr: sinkOf(descriptors.stderr),
      env: process.env,
      version: packageFile.version,
      openHost,
      lab,
      signal: interrupt.signal,
    });
    return endedBy === undefined ? exitCode : signalExitCodes[endedBy];
  } catch (bug) {
    const words = bug instanceof Error ? (bug.stack ?? bug.message) : String(bug);
    sinkOf(descriptors.stderr).write(
      `This is a bug in Landfall ${packageFile.version}:\n${words}\n`,
    );
    return ExitCode.failed;
  }
}

// Not a top-level await: Bun compiles those to no bytecode.
main().then((exitCode) => {
  process.exitCode = exitCode;
});
