import { expect, test } from "bun:test";
import { type DockerEndpoint, missing } from "./collect.ts";

const dead: DockerEndpoint = { runtimeId: "dead", network: "n1" };
const listing = { endpoints: new Set(["alive"]), networks: new Map([["n1", "lan"]]) };

test("what a complete listing lacks is missing", () => {
  expect(missing([{ ...dead, runtimeId: "alive" }, dead], listing)).toEqual([dead]);
});

test("an engine that knows of nothing misses everything", () => {
  expect(missing([dead], { ...listing, endpoints: new Set() })).toEqual([dead]);
});

test("what is on a network that this engine does not know may be another engine's", () => {
  expect(missing([{ ...dead, network: "n9" }], listing)).toEqual([]);
});
