/**
 * The daemon as `landfall daemon` makes it, but that what Docker lost is collected sooner:
 * `docker-daemon.ts GRACE_MS PLUGIN_SOCKET STATE_DIRECTORY RUN_DIRECTORY`.
 */
import { join } from "node:path";
import { millis } from "../../src/base/index.ts";
import { dockerListener, runDaemon } from "../../src/daemon/index.ts";
import { dockerCollector, dockerPlugin, engineApi } from "../../src/docker/index.ts";
import { fileLocks, openEngine } from "../../src/engine/index.ts";
import { openPlatform } from "../../src/platform/index.ts";
import { openSqliteStore } from "../../src/store/index.ts";
import { must } from "./must.ts";

const [grace = "", socket = "", stateDirectory = "", runDirectory = ""] = process.argv.slice(2);
const platform = must(openPlatform());
const { clock, random } = platform;
const hostNamespace = must(platform.namespaces.home());
const store = must(
  openSqliteStore({ stateDirectory, randomBytes: random.bytes, wall: clock.wall }),
);
const locks = fileLocks(platform.files, join(stateDirectory, "operations.lock"));
const engine = openEngine({ platform, hostNamespace, store, locks });
const { handover } = engine;
const plugin = dockerPlugin({ engine, handover, clock, random, listener: dockerListener() });
const collector = dockerCollector({
  ...{ handover, clock, api: engineApi() },
  grace: millis(Number(grace)),
});
const ending = new AbortController();
process.once("SIGTERM", () => ending.abort());
must(
  await runDaemon({
    ...{ platform, hostNamespace, engine, stateDirectory, runDirectory },
    version: "0.0.0",
    interval: millis(500),
    log: { format: "text", write: (line) => process.stderr.write(line) },
    docker: { door: { socket, demand: "required", fetch: plugin.fetch }, collector },
    signal: ending.signal,
  }),
);
store.close();
