import { openPlatform } from "../../src/platform/index.ts";
import { must } from "./must.ts";

/**
 * Adds to a number in a file so many times, each time under a lock that is discarded: two that hold
 * it at once lose an addition.
 */
const [directory = "", times = "0"] = process.argv.slice(2);
const { files } = must(openPlatform());
const [lockPath, number] = [`${directory}/key.lock`, `${directory}/number`];
for (let done = 0; done < Number(times); ) {
  const lock = files.tryLock(lockPath);
  if (!lock.ok) continue;
  const before = Number(must(files.readText(number)));
  must(files.writeText(number, String(before + 1)));
  lock.value.discard();
  done += 1;
}
