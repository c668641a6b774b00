import { spawnSync } from "node:child_process";

/**
 * A user namespace with one network namespace, in which the kernel itself counts what is made.
 * Whoever enters is root there and nobody outside.
 */
export interface Cage extends Disposable {
  /** Words that make the next command run in the cage. */
  readonly enter: readonly string[];
  /** Runs a program in it; a failure of the program is a failure of the test. */
  inside(...command: readonly string[]): string;
  /** From now on no user namespace may be made here. */
  forbidUserNamespaces(): void;
  /**
   * Whether the cage's own network namespace is the only one there is, open descriptors and sockets
   * counted: then, and only then, a limit of two lets another one be made.
   */
  hasNoOtherNamespace(): boolean;
}

const PLENTY = 10_000;

export async function openCage(): Promise<Cage> {
  const flags = ["--user", "--map-root-user", "--net"];
  const holder = Bun.spawn(["unshare", ...flags, "sh", "-c", "echo ready; exec sleep 600"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  // Until then it may not have entered its namespaces.
  await holder.stdout.getReader().read();
  const into = ["--user", "--net", "--preserve-credentials"];
  const enter = ["nsenter", "--target", String(holder.pid), ...into, "--"];
  const run = (command: readonly string[]) => {
    const [program = "", ...args] = [...enter, ...command];
    return spawnSync(program, args, { encoding: "utf8" });
  };
  const inside = (...command: readonly string[]): string => {
    const { status, stdout, stderr } = run(command);
    if (status !== 0) throw new Error(`${command.join(" ")}: ${stderr}`);
    return stdout;
  };
  const limit = (what: "net" | "user", max: number): void => {
    inside("sh", "-c", `echo ${max} > /proc/sys/user/max_${what}_namespaces`);
  };
  return {
    enter,
    inside,
    forbidUserNamespaces: () => limit("user", 0),
    hasNoOtherNamespace: () => {
      limit("net", 2);
      const { status } = run(["unshare", "--net", "true"]);
      limit("net", PLENTY);
      return status === 0;
    },
    [Symbol.dispose]: () => holder.kill("SIGKILL"),
  };
}
