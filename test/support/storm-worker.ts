/**
 * Attaches, detaches and changes networks without end, in a process of its own that is there to be
 * killed: `bun storm-worker.ts STATE_DIR SEED SANDBOX_PATH…`, in the host's namespace. Three
 * networks on p0.
 */
import type { NetworkName } from "../../src/domain/index.ts";
import { openPlatform } from "../../src/platform/index.ts";
import { must } from "./must.ts";
import { drawMove, drawsFrom, openStormHost } from "./storm.ts";

const [stateDirectory = "", seed = "1", ...sandboxPaths] = process.argv.slice(2);
const platform = must(openPlatform());
const { engine } = openStormHost(platform, must(platform.namespaces.home()), stateDirectory);
const networks = ["net0", "net1", "net2"];
const plan = { platform, engine, networks, sandboxPaths, below: drawsFrom(Number(seed)) };

const modes = ["bridge", "vepa", "private"];
const codes = new Set<string>();
const rounds = Number(process.env.STORM_ROUNDS ?? Number.POSITIVE_INFINITY);
for (let round = 0; round < rounds; round++) {
  const done =
    plan.below(8) === 0
      ? await engine.updateNetwork({
          name: `net${plan.below(3)}` as NetworkName,
          mode: `${modes[plan.below(modes.length)]}`,
        })
      : await drawMove(plan).make();
  if (!done.ok) codes.add(done.error.code);
}
console.log([...codes].sort().join(" "));
