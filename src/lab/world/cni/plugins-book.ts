import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ok, type Problem, type Result } from "../../../base/index.ts";
import { fileLocks, openEngine } from "../../../engine/index.ts";
import { openSqliteStore } from "../../../store/index.ts";
import type { Lab, OpenBook, RunningNode } from "../lab.ts";
import type { RuntimeSite } from "./runtime-site.ts";

/**
 * The book that plugins of ours keep on a host, as it is now; undefined where they have not written
 * any. A copy: SQLite follows the link /proc/PID/root by its text, which is "/", and would open the
 * book of this very machine.
 */
export function openPluginsBook(
  { platform }: Lab,
  { stateDirectory: theirs }: RuntimeSite,
  { netns }: RunningNode,
): Result<OpenBook | undefined, Problem> {
  // Opening it would make one, and plugins of others have none.
  if (!existsSync(join(theirs, BOOK))) return ok(undefined);
  const stateDirectory = mkdtempSync(join(tmpdir(), "landfall-book-"));
  const remove = (): void => rmSync(stateDirectory, { recursive: true });
  for (const name of [BOOK, `${BOOK}-wal`]) {
    if (existsSync(join(theirs, name))) {
      copyFileSync(join(theirs, name), join(stateDirectory, name));
    }
  }
  const { random, clock } = platform;
  const options = { stateDirectory, randomBytes: random.bytes, wall: clock.wall };
  const store = openSqliteStore(options);
  if (!store.ok) {
    remove();
    return store;
  }
  // Theirs: whoever is at work holds those.
  const locks = fileLocks(platform.files, join(theirs, "operations.lock"));
  const engine = openEngine({ platform, hostNamespace: netns, store: store.value, locks });
  const close = (): void => {
    locks[Symbol.dispose]();
    store.value.close();
    remove();
  };
  return ok({ engine, [Symbol.dispose]: close });
}

const BOOK = "landfall.db";
