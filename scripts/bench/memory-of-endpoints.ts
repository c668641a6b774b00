/** Attaches 1,000 endpoints with a book on disk, and prints the MiB of memory it then holds. */
import type { IfName } from "../../src/domain/index.ts";
import { openLan, pathOf } from "../../test/support/lan.ts";
import { must } from "../../test/support/must.ts";
import { diskDirectory, lanName, openSite, openSqlite } from "./site.ts";

const ENDPOINTS = 1000;
/** Few, because each attach lists the routes of its sandbox; not one, because namespaces cost. */
const LINKS_EACH = 10;

async function main(): Promise<void> {
  using lan = openLan();
  using directory = diskDirectory();
  const store = openSqlite(directory.path);
  const { engine } = await openSite(lan, store, 14);
  for (let n = 0; n < ENDPOINTS / LINKS_EACH; n++) {
    const netns = lan.sandbox();
    const sandbox = { netns, path: pathOf(netns) };
    for (let link = 0; link < LINKS_EACH; link++) {
      const ifname = `eth${link}` as IfName;
      must(await engine.attach({ network: lanName, sandbox, ifname, addresses: [] }));
    }
  }
  process.stdout.write(`${process.memoryUsage.rss() / 2 ** 20}\n`);
  store.close();
}

await main();
