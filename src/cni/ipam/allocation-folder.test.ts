import { expect, test } from "bun:test";
import { MemoryFiles, memoryFolder } from "../testing-files.ts";
import { allocationsOf, removeAllocations } from "./allocation-folder.ts";

const never = new AbortController().signal;
const pod = { containerId: "pod1", ifname: "eth0" };

test("one of many files is found, and nothing else is touched", async () => {
  const files = new MemoryFiles();
  const folder = memoryFolder(files, "/d");
  for (let n = 0; n < 1200; n++) files.texts.set(`/d/10.0.${n >> 8}.${n & 255}`, `c${n}\r\neth0`);
  files.texts.set("/d/10.9.9.9", "pod1\r\neth0");
  const gone = await removeAllocations(folder, never, (all) => allocationsOf(all, pod));
  expect(gone).toMatchObject({ ok: true, value: [{ path: "/d/10.9.9.9" }] });
  expect(files.texts.size).toBe(1200);
});

test("an address that was given to another since it was looked at stays the other's", async () => {
  const files = new MemoryFiles();
  const folder = memoryFolder(files, "/d");
  files.texts.set("/d/10.0.0.2", "pod1\r\neth0");
  const lock = files.tryLock.bind(files);
  files.tryLock = (path) => {
    files.texts.set("/d/10.0.0.2", "pod2\r\neth0");
    return lock(path);
  };
  const gone = await removeAllocations(folder, never, (all) => allocationsOf(all, pod));
  expect(gone).toEqual({ ok: true, value: [] });
  expect(files.texts.get("/d/10.0.0.2")).toBe("pod2\r\neth0");
});

test("a folder that is not there has nothing, and is not made", async () => {
  const files = new MemoryFiles();
  const gone = await removeAllocations(memoryFolder(files), never, (all) => all);
  expect(gone).toEqual({ ok: true, value: [] });
  expect(files.directories.size).toBe(0);
});

test("whoever has the lock is waited for, and not for ever", async () => {
  const files = new MemoryFiles();
  const folder = memoryFolder(files, "/d");
  files.texts.set("/d/10.0.0.2", "pod1\r\neth0");
  const held = files.tryLock("/d/lock");
  const refused = await removeAllocations(folder, never, (all) => all);
  expect(refused).toMatchObject({ ok: false, error: { errno: "EAGAIN" } });
  if (held.ok) held.value.release();
  expect((await removeAllocations(folder, never, (all) => all)).ok).toBe(true);
  expect(files.texts.size).toBe(0);
});
