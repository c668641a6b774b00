/**
 * The command line in one process, for a kernel on which starting the program takes most of a
 * second: `cli-loop ASK TOLD DIRECTORY` does each line that comes out of the pipe ASK as
 * `landfall` does its words, with state and sockets of its own. What it printed is in the files
 * DIRECTORY/out and DIRECTORY/err when its exit status comes out of the pipe TOLD. Each command
 * opens the book and the kernel anew, and closes them, as a process would.
 */
import { openSync, readSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { err, ok, type Problem, type Result } from "../../src/base/index.ts";
import { type CliPorts, type Host, type HostDirectories, runCli } from "../../src/cli/index.ts";
import { sandboxMissing } from "../../src/domain/index.ts";
import { openLocalEngine, openMachine } from "../../src/machine.ts";

const CHUNK = 4096;

const nowhere = async (): Promise<never> => {
  throw new Error("the loop has commands of networks and endpoints only");
};

async function openHost(directories: HostDirectories): Promise<Result<Host, Problem>> {
  const machine = openMachine();
  if (!machine.ok) return machine;
  const local = openLocalEngine(machine.value, directories);
  if (!local.ok) return local;
  const close = (): void => {
    local.value[Symbol.dispose]();
    machine.value[Symbol.dispose]();
  };
  return ok({
    engine: local.value.engine,
    openNamespace: machine.value.platform.namespaces.open,
    findContainer: async (path) => err(sandboxMissing({ path })),
    [Symbol.dispose]: close,
  });
}

/** One command; its exit status. */
async function perform(words: readonly string[], directory: string): Promise<number> {
  const printed = { out: "", err: "" };
  const sinkOf = (name: "out" | "err"): CliPorts["stdout"] => ({
    isTty: false,
    write: (text) => {
      printed[name] += text;
    },
  });
  const status = await runCli(words, {
    ...{ stdout: sinkOf("out"), stderr: sinkOf("err"), env: {}, version: "0.0.0", openHost },
    ...{ serve: nowhere, runCni: nowhere, signal: new AbortController().signal },
    lab: { run: nowhere, demo: nowhere },
    docker: { install: nowhere, uninstall: nowhere },
    cni: { install: nowhere, uninstall: nowhere },
  });
  for (const name of ["out", "err"] as const) writeFileSync(join(directory, name), printed[name]);
  return status;
}

function* linesOf(descriptor: number): Generator<string> {
  const chunk = Buffer.alloc(CHUNK);
  for (let rest = ""; ; ) {
    const count = readSync(descriptor, chunk);
    if (count === 0) return;
    const lines = (rest + chunk.toString("utf8", 0, count)).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

const [ask = "", told = "", directory = ""] = process.argv.slice(2);
const where = ["--state-dir", join(directory, "state"), "--run-dir", join(directory, "lf")];
// In the order in which the other side opens them: each waits there for the other.
const commands = openSync(ask, "r");
const answers = openSync(told, "w");
for (const line of linesOf(commands)) {
  const status = await perform([...line.split(" "), ...where, "--format", "json"], directory);
  writeSync(answers, `${status}\n`);
}
