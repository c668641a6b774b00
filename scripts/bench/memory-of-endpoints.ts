/** Attaches 1,000 endpoints through a daemon, and prints the MiB of memory it then holds. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { IfName } from "../../src/domain/index.ts";
import { openLan, pathOf } from "../../test/support/lan.ts";
import { must } from "../../test/support/must.ts";
import { diskDirectory, lanName, makeLan, untilReady } from "./site.ts";

const ENDPOINTS = 1000;
/** Not one, because namespaces cost. */
const LINKS_EACH = 10;
const MAIN = join(import.meta.dirname, "../../src/main.ts");

async function main(): Promise<void> {
  using lan = openLan();
  using directory = diskDirectory();
  const where = ["--state-dir", directory.path, "--run-dir", directory.path];
  const docker = ["--docker-socket", "none"];
  const enter = ["nsenter", `--net=${pathOf(lan.host)}`, "--"];
  const daemon = Bun.spawn([...enter, process.execPath, MAIN, "daemon", ...docker, ...where], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  try {
    const { info, engine } = await untilReady(directory.path, lan.host);
    await makeLan(engine, 14);
    for (let n = 0; n < ENDPOINTS / LINKS_EACH; n++) {
      const netns = lan.sandbox();
      const sandbox = { netns, path: pathOf(netns) };
      for (let link = 0; link < LINKS_EACH; link++) {
        const ifname = `eth${link}` as IfName;
        must(await engine.attach({ network: lanName, sandbox, ifname, addresses: [] }));
      }
    }
    const status = readFileSync(`/proc/${info.pid}/status`, "utf8");
    process.stdout.write(`${Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024}\n`);
  } finally {
    daemon.kill();
    await daemon.exited;
  }
}

await main();
