/**
 * The command line in one process, for shell scripts on a kernel on which starting the program
 * takes most of a second: `cli-loop ASK TOLD DIRECTORY` does each line that comes out of the pipe
 * ASK as `landfall` does its words, with state and sockets of its own. What it printed is in the
 * files DIRECTORY/out and DIRECTORY/err when its exit status comes out of the pipe TOLD.
 */
import { openSync, readSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { runInProcess } from "./cli-in-process.ts";

const CHUNK = 4096;

function* linesOf(descriptor: number): Generator<string> {
  const chunk = Buffer.alloc(CHUNK);
  for (let rest = ""; ; ) {
    const count = readSync(descriptor, chunk);
    if (count === 0) return;
    const lines = (rest + chunk.toString("utf8", 0, count)).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

const [ask = "", told = "", directory = ""] = process.argv.slice(2);
const where = ["--state-dir", join(directory, "state"), "--run-dir", join(directory, "lf")];
// In the order in which the other side opens them: each waits there for the other.
const commands = openSync(ask, "r");
const answers = openSync(told, "w");
for (const line of linesOf(commands)) {
  const done = await runInProcess([...line.split(" "), ...where, "--format", "json"]);
  for (const name of ["out", "err"] as const) writeFileSync(join(directory, name), done[name]);
  writeSync(answers, `${done.status}\n`);
}
