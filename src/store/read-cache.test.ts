import { expect, test } from "bun:test";
import { ReadCache } from "./read-cache.ts";

function counted(cache: ReadCache) {
  let reads = 0;
  return () => cache.get("all", () => ++reads);
}

test("reads once, and again after a write, of ours or of somebody else", () => {
  const cache = new ReadCache();
  const read = counted(cache);
  expect([read(), read()]).toEqual([1, 1]);
  cache.write();
  expect([read(), read()]).toEqual([2, 2]);
  cache.clear();
  expect(read()).toBe(3);
});

test("what was read after a write is kept when it is committed, and not when it is taken back", () => {
  const cache = new ReadCache();
  const read = counted(cache);
  cache.write();
  read();
  cache.end("committed");
  expect(read()).toBe(1);
  cache.end("taken back");
  expect(read()).toBe(1);
  cache.write();
  read();
  cache.end("taken back");
  expect(read()).toBe(3);
});

test("an absent row is remembered too", () => {
  const cache = new ReadCache();
  let reads = 0;
  const read = () => cache.get("none", () => void reads++);
  expect([read(), read(), reads]).toEqual([undefined, undefined, 1]);
});
