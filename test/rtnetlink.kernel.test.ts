import { openPlatform } from "../src/platform/index.ts";
import { rtnetlinkContract } from "./rtnetlink.contract.ts";
import { must } from "./support/must.ts";

rtnetlinkContract("the real kernel", () => must(openPlatform()));
