import { accessSync, constants, existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { err, ok, type Problem, type Result } from "../base/index.ts";
import { umlUnavailable } from "./problems.ts";

/** What a user-mode kernel is started with. */
export interface UmlPrograms {
  /** The kernel itself. */
  readonly linux: string;
}

/** Where an ordinary user finds an administrator's programs too. */
export const SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin";
/** Debian's package puts its modules here, and nowhere else. */
export const MODULES = "/usr/lib/uml/modules";
/** Debian builds it for x86 only. */
export const hasUml = process.arch === "x64";

/**
 * The programs that a user-mode kernel is started with. Errors: LF-UML-UNAVAILABLE, with what is
 * missing and how to get it.
 */
export function findUml(): Result<UmlPrograms, Problem> {
  if (!hasUml) {
    const reason = `it exists for x86-64, and this machine is ${process.arch}`;
    return refuse(reason, "Use a machine whose own kernel has what is needed.");
  }
  const linux = Bun.which("linux.uml", { PATH: `${process.env.PATH ?? ""}:${SYSTEM_PATH}` });
  const modprobe = Bun.which("modprobe", { PATH: SYSTEM_PATH });
  const needed = [
    { name: "linux.uml", from: "user-mode-linux", found: linux !== null },
    { name: MODULES, from: "user-mode-linux", found: existsSync(MODULES) },
    { name: "modprobe", from: "kmod", found: modprobe !== null },
  ];
  const missing = needed.filter(({ found }) => !found);
  if (linux !== null && missing.length === 0) {
    if (mayWrite(tmpdir())) return ok({ linux });
    return refuse(`nothing can be written to ${tmpdir()}`, "Name another directory: TMPDIR=…");
  }
  const names = missing.map(({ name }) => name).join(", ");
  const packages = [...new Set(missing.map(({ from }) => from))].join(" ");
  return refuse(`there is no ${names}`, `Debian: apt install ${packages}`);
}

function mayWrite(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function refuse(reason: string, remedy: string): Result<never, Problem> {
  return err(umlUnavailable({ reason, remedy }));
}
