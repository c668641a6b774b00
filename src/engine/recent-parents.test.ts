import { expect, test } from "bun:test";
import type { Parent } from "../attach/index.ts";
import { millis } from "../base/index.ts";
import type { Network } from "../domain/index.ts";
import { RecentParents } from "./recent-parents.ts";

const network = { name: "lan" } as Network;
const parent = { ifindex: 2, name: "p0" } as Parent;

test("a parent is known for a moment, and only for the network that it was seen for", () => {
  const parents = new RecentParents();
  expect(parents.of(network, millis(1000))).toBeUndefined();
  parents.note(network, parent, millis(1000));
  expect(parents.of(network, millis(1099))).toBe(parent);
  expect(parents.of(network, millis(1100))).toBeUndefined();
  expect(parents.of({ ...network }, millis(1000))).toBeUndefined();
  const changed = { ...parent, mtu: 1400 };
  parents.note(network, changed, millis(1100));
  expect(parents.of(network, millis(1199))).toBe(changed);
});
