/** The command line within a test's own process: for kernels on which starting it takes long. */
import { err, ok, type Problem, type Result } from "../../src/base/index.ts";
import { type CliPorts, type Host, type HostDirectories, runCli } from "../../src/cli/index.ts";
import { sandboxMissing } from "../../src/domain/index.ts";
import { openLocalEngine, openMachine } from "../../src/machine.ts";

const nowhere = async (): Promise<never> => {
  throw new Error("here are commands of networks and endpoints only");
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

/** What a command printed, and how it ended. */
export interface Printed {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/**
 * Does as `landfall` does its words. It opens the book and the kernel anew and closes them, as a
 * process of its own would.
 */
export async function runInProcess(words: readonly string[]): Promise<Printed> {
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
  return { status, ...printed };
}
