import { openPlatform } from "../../src/platform/index.ts";
import { must } from "./must.ts";

/** Locks byte 7 of a file, starts a program that outlives it, tells its pid, and waits. */
const [path = ""] = process.argv.slice(2);
const locks = must(must(openPlatform()).files.openByteLocks(path));
must(locks.tryLock(7));
const { pid } = Bun.spawn(["sleep", "600"], { stdio: ["ignore", "ignore", "ignore"] });
console.log(pid);
setInterval(() => {}, 60_000);
