import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { files } from "./files.ts";
import type { NetnsHandle } from "./platform.ts";

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
