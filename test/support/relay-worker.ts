/** Serves descriptor 3, says what becomes of each request on stdout, and ends when told to. */
import { writeSync } from "node:fs";
import process from "node:process";
import { openDockerDoor } from "../../src/daemon/index.ts";

const say = (words: string): number => writeSync(1, `${words}\n`);
const [socket = "", runDirectory = ""] = process.argv.slice(2);

function answer(request: Request): Promise<Response> {
  if (new URL(request.url).pathname === "/now") return Promise.resolve(new Response("now"));
  say("begun");
  return new Promise((resolve) => {
    request.signal.addEventListener("abort", () => {
      say("called off");
      resolve(new Response("called off"));
    });
  });
}

const door = { socket, demand: "required", inherited: 3, fetch: answer } as const;
const opened = await openDockerDoor(door, runDirectory, new AbortController().signal);
if (!opened.ok) throw new Error(opened.error.detail);
const listener = opened.value;
process.once("SIGTERM", () => {
  listener.stop().then(() => say("stopped"));
});
say("listening");
