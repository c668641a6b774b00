/** `read-only-door.ts DIRECTORY FOLDER…`: prints what a daemon does with each `dataDir`. */
import { join } from "node:path";
import { ok, seconds } from "../../src/base/index.ts";
import { namedDataDir } from "../../src/cni/index.ts";
import { openCniDoor } from "../../src/door/index.ts";
import { askDaemon } from "../../src/forward/index.ts";
import { must } from "./must.ts";

const [directory = "", ...folders] = process.argv.slice(2);
const socket = join(directory, "cni.sock");
const door = {
  run: async () => ({ exitCode: 0, stdout: "" }) as const,
  folderOf: namedDataDir,
  peerOf: () => ok({ pid: process.pid, uid: 0 }),
  uid: 0,
  listener: { bug: () => undefined, turnedAway: () => undefined },
};
const listener = must(openCniDoor(door, socket, new AbortController().signal));
for (const dataDir of folders) {
  const stdin = new TextEncoder().encode(JSON.stringify({ ipam: { dataDir } }));
  const asked = await askDaemon(
    { plugin: "macvlan", env: { CNI_COMMAND: "ADD" }, stdin },
    { socket, patience: seconds(5) },
  );
  console.log(asked.kind);
}
await listener.stop();
