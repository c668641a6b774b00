import { test } from "bun:test";
import { expectGuestToPass } from "./support/guest-tests.ts";
import { hasUml } from "./support/uml.ts";

test.skipIf(!hasUml)(
  "a kernel that has ipvlans and vlans keeps their contract",
  () =>
    expectGuestToPass("rtnetlink-kinds.guest.ts", { passed: /^ *\d\d pass$/m, limitSeconds: 200 }),
  240_000,
);
