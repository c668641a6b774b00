/**
 * Attaches, detaches and changes networks without end, in a process of its own that is there to be
 * killed: `bun storm-worker.ts STATE_DIR SEED SANDBOX_PATH…`, in the host's namespace. Three
 * networks on p0.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { IfName, NetworkName } from "../../src/domain/index.ts";
import { fileLocks, openEngine } from "../../src/engine/index.ts";
import { openPlatform } from "../../src/platform/index.ts";
import { openSqliteStore } from "../../src/store/index.ts";
import { must } from "./must.ts";

const [stateDirectory = "", seedText = "1", ...paths] = process.argv.slice(2);
const platform = must(openPlatform());
const { random, clock, files, namespaces } = platform;
const lockDirectory = join(stateDirectory, "operations");
mkdirSync(lockDirectory, { recursive: true });
const engine = openEngine({
  platform,
  hostNamespace: must(namespaces.home()),
  store: must(openSqliteStore({ stateDirectory, randomBytes: random.bytes, wall: clock.wall })),
  locks: fileLocks(files, lockDirectory),
});

let state = Number(seedText) >>> 0 || 1;
/** xorshift32, so that a storm can be repeated. */
function below(limit: number): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % limit;
}

const modes = ["bridge", "vepa", "private"];
const codes = new Set<string>();
const rounds = Number(process.env.STORM_ROUNDS ?? Number.POSITIVE_INFINITY);
for (let round = 0; round < rounds; round++) {
  const path = paths[below(paths.length)] ?? "";
  using netns = must(namespaces.open(path));
  const sandbox = { netns, path };
  const ifname = `eth${below(2)}` as IfName;
  const network = `net${below(3)}` as NetworkName;
  const what = below(16);
  const done =
    what < 2
      ? await engine.updateNetwork({ name: network, mode: `${modes[below(modes.length)]}` })
      : what % 2 === 0
        ? await engine.attach({ network, sandbox, ifname, addresses: [] })
        : await engine.detach({ kind: "owner", sandbox, ifname });
  if (!done.ok) codes.add(done.error.code);
}
console.log([...codes].sort().join(" "));
