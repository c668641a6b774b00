import { expect, test } from "bun:test";
import { join } from "node:path";
import { bootUml, hasUml } from "./support/uml.ts";

const root = join(import.meta.dirname, "..");

test.skipIf(!hasUml)(
  "attachments are made of ipvlans and VLANs where the kernel has them",
  async () => {
    const script = `
export BUN_RUNTIME_TRANSPILER_CACHE_PATH=0 NO_COLOR=1
cd ${root}
"${process.execPath}" test --timeout=30000 ./test/support/attachments.guest.ts >&2`;
    await using machine = bootUml({ script, limitSeconds: 200 });
    const ending = await machine.ended;
    // The words of the guest's own tests are what a failure is told by.
    expect(ending).toMatchObject({ kind: "finished", status: 0 });
    expect(ending.console).toMatch(/^ *3 pass$/m);
  },
  240_000,
);
