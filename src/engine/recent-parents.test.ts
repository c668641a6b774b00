import { expect, test } from "bun:test";
import type { Parent } from "../attach/index.ts";
import { err, millis, ok } from "../base/index.ts";
import { type Network, parentMissing } from "../domain/index.ts";

import { RecentParents } from "./recent-parents.ts";

const network = { name: "lan" } as Network;
const parent = { ifindex: 2, name: "p0" } as Parent;
const other = { ...parent, mtu: 1400 };

test("a parent is known for a moment, and only for the network that it was seen for", () => {
  const parents = new RecentParents();
  const at = (time: number, now: Parent, of = network) =>
    parents.orLook(of, millis(time), () => ok(now));
  expect(at(1000, parent)).toEqual(ok(parent));
  expect(at(1099, other)).toEqual(ok(parent));
  expect(at(1099, other, { ...network })).toEqual(ok(other));
  // A moment after it was looked at, not after somebody wanted it last.
  expect(at(1100, other)).toEqual(ok(other));
  expect(at(1199, parent)).toEqual(ok(other));
});

test("what could not be seen is looked at again", () => {
  const parents = new RecentParents();
  const missing = err(parentMissing({ parent: "p0", links: [], nearest: undefined }));
  expect(parents.orLook(network, millis(1000), () => missing)).toBe(missing);
  expect(parents.orLook(network, millis(1000), () => ok(parent))).toEqual(ok(parent));
});
