import { expect, test } from "bun:test";
import { err, ok, seconds } from "../base/index.ts";
import { collectable, type DockerEndpoint } from "./collect.ts";

const dead: DockerEndpoint = { runtimeId: "dead", network: "n1", age: seconds(61) };
const listing = { endpoints: new Set(["alive"]), networks: new Map([["n1", "lan"]]) };

test("what a complete listing lacks is collected", () => {
  const alive: DockerEndpoint = { ...dead, runtimeId: "alive" };
  expect(collectable([alive, dead], ok(listing))).toEqual([dead]);
});

test("an engine that knows of nothing has lost everything", () => {
  expect(collectable([dead], ok({ ...listing, endpoints: new Set() }))).toEqual([dead]);
});

test("nothing is collected when the engine's answer is unknown", () => {
  expect(collectable([dead], err({ kind: "unknown", reason: "late" }))).toEqual([]);
});

test("what was made a minute ago or later may not have been listed yet", () => {
  const young = [seconds(0), seconds(60)].map((age) => ({ ...dead, age }));
  expect(collectable(young, ok(listing))).toEqual([]);
});

test("what is on a network that this engine does not know may be another engine's", () => {
  expect(collectable([{ ...dead, network: "n9" }], ok(listing))).toEqual([]);
});
