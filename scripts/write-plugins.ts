/** `write-plugins.ts DIRECTORY`: CNI plugins for this architecture, a part of `npm run build`. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { defaultDirectories, pluginNames } from "../src/forward/index.ts";
import { shimFor } from "../src/install/index.ts";

const [directory = "."] = process.argv.slice(2);
const shim = shimFor({
  // Where a package puts it; elsewhere it is what lies beside the plugins.
  program: "/usr/bin/landfall",
  runDirectory: defaultDirectories.run,
  stateDirectory: defaultDirectories.state,
});
if (!shim.ok) throw new Error(`too long for a shim: ${shim.error}`);
for (const name of pluginNames) {
  writeFileSync(join(directory, name), shim.value, { mode: 0o755 });
}
