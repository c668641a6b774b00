import { openPlatform } from "../../src/platform/index.ts";
import { rtnetlinkKindsContract } from "../rtnetlink-kinds.contract.ts";
import { must } from "./must.ts";

/** Run by rtnetlink-kinds.uml.test.ts in a kernel that has the drivers. */
rtnetlinkKindsContract("the real kernel", () => must(openPlatform()));
