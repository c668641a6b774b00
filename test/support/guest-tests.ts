import { expect } from "bun:test";
import { join } from "node:path";
import { bootUml, type UmlSpec } from "./uml.ts";

const root = join(import.meta.dirname, "../..");

/** The words that run `program`, as Bun takes it, in a guest. */
function guestScript(program: string): string {
  return `
export BUN_RUNTIME_TRANSPILER_CACHE_PATH=0 NO_COLOR=1
cd ${root}
"${process.execPath}" ${program}`;
}

/** What a guest reported, a line of JSON each with a `name`, and how it ended. */
export interface GuestReports<Report> {
  readonly byName: ReadonlyMap<string, Report>;
  /** For whoever misses a report. */
  readonly console: string;
}

/** Runs a program that reports in a kernel that has all drivers. */
export async function readGuestReports<Report extends { readonly name: string }>(
  program: string,
  limits: Pick<UmlSpec, "memory" | "limitSeconds">,
): Promise<GuestReports<Report>> {
  const byName = new Map<string, Report>();
  const onLine = (line: string): void => {
    if (!line.startsWith("{")) return;
    const report: Report = JSON.parse(line);
    byName.set(report.name, report);
  };
  await using machine = bootUml({ script: guestScript(program), ...limits, onLine });
  const ending = await machine.ended;
  return { byName, console: `${ending.kind}: ${ending.console}` };
}

/**
 * Runs a file of tests in a kernel that has all drivers. `passed` is what its summary says, such as
 * "3 pass"; what it printed is what a failure is told by.
 */
export async function expectGuestToPass(
  file: string,
  { passed, limitSeconds }: { readonly passed: RegExp; readonly limitSeconds: number },
): Promise<void> {
  const script = guestScript(`test --timeout=60000 ./test/support/${file} >&2`);
  await using machine = bootUml({ script, limitSeconds });
  const ending = await machine.ended;
  expect(ending).toMatchObject({ kind: "finished", status: 0 });
  expect(ending.console).toMatch(passed);
}
