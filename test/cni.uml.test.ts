import { test } from "bun:test";
import { expectGuestToPass } from "./support/guest-tests.ts";
import { hasUml } from "./support/uml.ts";

test.skipIf(!hasUml)(
  "the plugins ipvlan and vlan work where the kernel has their drivers",
  () => expectGuestToPass("cni.guest.ts", { passed: /^ *72 pass$/m, limitSeconds: 300 }),
  330_000,
);
