import { test } from "bun:test";
import { expectGuestToPass } from "./support/guest-tests.ts";
import { hasUml } from "./support/uml.ts";

test.skipIf(!hasUml)(
  "attachments are made of ipvlans and VLANs where the kernel has them",
  () => expectGuestToPass("attachments.guest.ts", { passed: /^ *3 pass$/m, limitSeconds: 200 }),
  240_000,
);
