import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { files } from "./files.ts";
import type { NetnsHandle } from "./platform.ts";

const byteLockWorker = join(import.meta.dirname, "../../test/support/byte-lock-worker.ts");
const worker = join(import.meta.dirname, "../../test/support/lock-worker.ts");

test("a lock that is discarded again and again is one process's at a time", async () => {
  const directory = mkdtempSync(join(tmpdir(), "landfall-locks-"));
  writeFileSync(join(directory, "number"), "0");
  const workers = [1, 2, 3].map(() =>
    Bun.spawn([process.execPath, worker, directory, "1000"], { stderr: "inherit" }),
  );
  const statuses = await Promise.all(workers.map(({ exited }) => exited));
  expect(statuses).toEqual([0, 0, 0]);
  expect(readFileSync(join(directory, "number"), "utf8")).toBe("3000");
  rmSync(directory, { recursive: true });
}, 60_000);

test("a byte is free as soon as whoever locked it is killed, whatever it started", async () => {
  const directory = mkdtempSync(join(tmpdir(), "landfall-locks-"));
  const path = join(directory, "operations.lock");
  const holder = Bun.spawn([process.execPath, byteLockWorker, path], {
    ...{ stdout: "pipe", stderr: "inherit" },
  });
  const lines = holder.stdout.pipeThrough(new TextDecoderStream());
  const child = Number((await lines.getReader().read()).value);
  const opened = files({} as NetnsHandle).openByteLocks(path);
  if (!opened.ok) throw new Error(opened.error.errno);
  using locks = opened.value;
  const outcome = (place: number): string => {
    const lock = locks.tryLock(place);
    return lock.ok ? "taken" : lock.error.errno;
  };
  expect([outcome(7), outcome(8)]).toEqual(["EAGAIN", "taken"]);
  holder.kill("SIGKILL");
  await holder.exited;
  expect(outcome(7)).toBe("taken");
  // It is still there: signal 0 only asks.
  expect(process.kill(child, 0)).toBe(true);
  process.kill(child);
  rmSync(directory, { recursive: true });
}, 30_000);

test("a text file is its owner's alone", () => {
  const directory = mkdtempSync(join(tmpdir(), "landfall-files-"));
  const { createText, makeDirectory } = files({} as NetnsHandle);
  makeDirectory(join(directory, "a/b"));
  const path = join(directory, "a/b/10.0.0.1");
  expect(createText(path, "x").ok).toBe(true);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const missing = createText(join(directory, "c/10.0.0.1"), "x");
  expect(missing.ok ? "written" : missing.error.errno).toBe("ENOENT");
  rmSync(directory, { recursive: true });
});
