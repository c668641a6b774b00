import { afterAll, expect, test } from "bun:test";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { prepareStateDirectory } from "./state-directory.ts";

const root = mkdtempSync(join(tmpdir(), "landfall-directory-"));
afterAll(() => rmSync(root, { recursive: true }));

/** A state directory with a database in it, both with these permissions. */
function made(name: string, directoryMode: number, fileMode: number) {
  const directory = join(root, name);
  const database = join(directory, "landfall.db");
  mkdirSync(directory);
  writeFileSync(database, "");
  chmodSync(directory, directoryMode);
  chmodSync(database, fileMode);
  return { directory, database };
}

function verdict({ directory, database }: ReturnType<typeof made>): string {
  const prepared = prepareStateDirectory(directory, database);
  return prepared.ok ? "trusted" : `${prepared.error.code} ${prepared.error.facts.path}`;
}

test("a directory that its owner, or a group of his, may write is trusted", () => {
  expect(verdict(made("own", 0o700, 0o600))).toBe("trusted");
  expect(verdict(made("readable", 0o755, 0o644))).toBe("trusted");
  expect(verdict(made("group", 0o770, 0o660))).toBe("trusted");
});

test("what everybody may write is refused, the sticky bit or not", () => {
  const open = made("open", 0o777, 0o600);
  const sticky = made("sticky", 0o1777, 0o600);
  const file = made("file", 0o700, 0o666);
  expect(verdict(open)).toBe(`LF-STATE-UNSAFE ${open.directory}`);
  expect(verdict(sticky)).toBe(`LF-STATE-UNSAFE ${sticky.directory}`);
  expect(verdict(file)).toBe(`LF-STATE-UNSAFE ${file.database}`);
});

test.skipIf(process.geteuid?.() !== 0)("what belongs to another user is refused", () => {
  const other = made("other", 0o700, 0o600);
  chownSync(other.directory, 12_345, 12_345);
  expect(verdict(other)).toBe(`LF-STATE-UNSAFE ${other.directory}`);
  const file = made("other-file", 0o700, 0o600);
  chownSync(file.database, 12_345, 12_345);
  expect(verdict(file)).toBe(`LF-STATE-UNSAFE ${file.database}`);
});
