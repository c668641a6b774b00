import { expect, test } from "bun:test";
import {
  parseFinding,
  parseFlow,
  parseLease,
  parseNeighbour,
  parsePoint,
  parseRef,
} from "./references.ts";

test.each([
  ["c1", { kind: "node", name: "c1" }],
  ["c1@lan", { kind: "node", name: "c1", on: "lan" }],
  ["h1@eth0.10", { kind: "node", name: "h1", on: "eth0.10" }],
  ["c1=192.168.1.5", { kind: "node", name: "c1", address: "192.168.1.5" }],
  ["c1=FD00:0::1", { kind: "node", name: "c1", address: "fd00::1" }],
  ["192.168.1.5", { kind: "address", address: "192.168.1.5" }],
  ["fd00:1::1", { kind: "address", address: "fd00:1::1" }],
])("%s is a node or an address", (text, value) => {
  expect(parseRef(text)).toMatchObject({ ok: true, value });
});

test.each([
  ["", "names no node"],
  ["c1@", "names no node"],
  ["c1@lan@x", "names no node"],
  ["c 1", "names no node"],
  ["c1=10.0.0", "four octets"],
  ["10.0.0", "four octets"],
  ["=10.0.0.1", "names no node"],
  ["c 1=10.0.0.1", "is not a node's name"],
])("%p is no reference", (text, why) => {
  expect(parseRef(text)).toEqual({ ok: false, error: expect.stringContaining(why) });
});

test("an arrow may be written without spaces", () => {
  expect(parseFlow("a-b->c")).toMatchObject({
    ok: true,
    value: { from: { name: "a-b" }, to: { name: "c" }, arrow: "->" },
  });
  expect(parseFlow("a<->c")).toMatchObject({ ok: true, value: { arrow: "<->" } });
});

test.each(["c1", "c1 > c2", "c1 ->", "-> c2", "c1 -> c2 -> c3"])("%p is no flow", (text) => {
  expect(parseFlow(text).ok).toBe(false);
});

test.each(["h1", "h1/", "/eth0", "h1/eth0/x", "h1/eth 0"])("%p is no capture point", (text) => {
  expect(parsePoint(text).ok).toBe(false);
});

test("a finding and a lease say whose they are", () => {
  const gone = { subject: "container", name: "c1", kind: "sandbox-gone" };
  expect(parseFinding("c1  sandbox-gone")).toMatchObject({ ok: true, value: gone });
  const down = { subject: "network", name: "lan", kind: "parent-down" };
  expect(parseFinding("lan parent-down")).toMatchObject({ ok: true, value: down });
  const held = { kind: "held", container: "c1", address: "fd00::1" };
  expect(parseLease("c1 fd00::1")).toMatchObject({ ok: true, value: held });
  const resting = { kind: "resting", address: "10.0.0.9" };
  expect(parseLease("resting 10.0.0.9")).toMatchObject({ ok: true, value: resting });
});

test.each([
  ["none", { kind: "none" }],
  ["failed", { kind: "failed" }],
  ["02-00-00-00-00-0A", { kind: "mac", mac: "02:00:00:00:00:0a" }],
  ["gw", { kind: "node", ref: { kind: "node", name: "gw" } }],
])("a neighbour entry may be expected to be %s", (text, value) => {
  expect(parseNeighbour(text)).toMatchObject({ ok: true, value });
});
