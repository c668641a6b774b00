import { join } from "node:path";
import { err, ok, type Problem, type Result } from "../base/index.ts";
import type { InstallPorts } from "./ports.ts";
import { systemctlFailed, unitRefused } from "./problems.ts";
import { UNIT_DIRECTORY } from "./units.ts";

/** A system whose units are changed. */
export interface Site {
  readonly ports: InstallPorts;
  /** "asleep": systemd does not run it, so units can be enabled there and nothing started. */
  readonly state: "awake" | "asleep";
  pathOf(unit: string): string;
  /** Errors: LF-INSTALL-FILE. */
  read(unit: string): Result<string | undefined, Problem>;
  /** Undefined: no such file any more. Errors: LF-INSTALL-FILE. */
  write(unit: string, text: string | undefined): Result<void, Problem>;
  commandOf(args: readonly string[]): readonly [string, ...string[]];
  /** Errors: LF-INSTALL-SYSTEMCTL. */
  systemctl(args: readonly string[]): Promise<Result<void, Problem>>;
  /** Whether the socket, and with it the service, is so; "no" also when nobody can tell. */
  is(verb: "is-active" | "is-enabled"): Promise<"yes" | "no">;
}

/** The system below `root`, or this machine. */
export function openSite(root: string | undefined, ports: InstallPorts): Site {
  const state = root === undefined && ports.isBooted() === "yes" ? "awake" : "asleep";
  const pathOf = (unit: string): string => join(root ?? "/", UNIT_DIRECTORY, unit);
  const commandOf = (args: readonly string[]): readonly [string, ...string[]] => {
    return root === undefined ? ["systemctl", ...args] : ["systemctl", `--root=${root}`, ...args];
  };
  return {
    ...{ ports, state, pathOf, commandOf },
    read: (unit) => {
      const path = pathOf(unit);
      const text = ports.files.read(path);
      return text.ok ? text : err(unitRefused({ action: "read", path, errno: text.error }));
    },
    write: (unit, text) => {
      const path = pathOf(unit);
      const done = text === undefined ? ports.files.remove(path) : ports.files.write(path, text);
      const action = text === undefined ? "remove" : "write";
      return done.ok ? done : err(unitRefused({ action, path, errno: done.error }));
    },
    systemctl: async (args) => {
      const words = commandOf(args);
      const { exitCode, stderr } = await ports.run(words);
      if (exitCode === 0) return ok();
      return err(systemctlFailed({ command: words.join(" "), exitCode, words: stderr }));
    },
    is: async (verb) => {
      const { exitCode } = await ports.run(commandOf([verb, "--quiet", "landfall.socket"]));
      return exitCode === 0 ? "yes" : "no";
    },
  };
}
