import type { Result } from "../base/index.ts";

/** What the installation touches outside the process. */
export interface InstallPorts {
  /** The path that starts this program. */
  readonly program: string;
  readonly files: UnitFiles;
  /** Whether systemd runs this machine (sd_booted(3)). */
  readonly isBooted: () => "yes" | "no";
  /** Runs a program to its end. */
  readonly run: (command: readonly [name: string, ...args: string[]]) => Promise<Ran>;
  /** Asks whatever listens at `socket` what it is, as Docker would. */
  readonly greet: (socket: string) => Promise<Greeting>;
}

/** How a program ended. */
export interface Ran {
  readonly exitCode: number;
  readonly stderr: string;
}

/** "silent": something is there or not, but it is no network driver, and why. */
export type Greeting =
  | { readonly kind: "driver" }
  | { readonly kind: "silent"; readonly reason: string };

/** Why the system refused: "EACCES". */
export type Errno = string;

/** Small text files. */
export interface UnitFiles {
  /** Undefined where there is no such file. */
  read(path: string): Result<string | undefined, Errno>;
  /** Replaces the file in one step, and makes its directory. */
  write(path: string, text: string): Result<void, Errno>;
  /** Absent is a success. */
  remove(path: string): Result<void, Errno>;
}
