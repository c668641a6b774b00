import { expect } from "bun:test";
import { join } from "node:path";
import { bootUml } from "./uml.ts";

const root = join(import.meta.dirname, "../..");

/**
 * Runs a file of tests in a kernel that has all drivers. `passed` is what its summary says, such as
 * "3 pass"; what it printed is what a failure is told by.
 */
export async function expectGuestToPass(
  file: string,
  { passed, limitSeconds }: { readonly passed: RegExp; readonly limitSeconds: number },
): Promise<void> {
  const script = `
export BUN_RUNTIME_TRANSPILER_CACHE_PATH=0 NO_COLOR=1
cd ${root}
"${process.execPath}" test --timeout=60000 ./test/support/${file} >&2`;
  await using machine = bootUml({ script, limitSeconds });
  const ending = await machine.ended;
  expect(ending).toMatchObject({ kind: "finished", status: 0 });
  expect(ending.console).toMatch(passed);
}
