import { expect, test } from "bun:test";
import { looksAtTags, portVlans } from "./port-vlans.ts";

test("an access port is a member of one VLAN, and knows no tags", () => {
  expect(portVlans({ kind: "access", vlan: 10 })).toEqual([
    { vlans: 10, flags: ["pvid", "untagged"] },
  ]);
});

test("a trunk has its VLANs with tags, and its native one without", () => {
  expect(portVlans({ kind: "trunk", vlans: [10, 20] })).toEqual([{ vlans: 10 }, { vlans: 20 }]);
  const native = { vlans: 1, flags: ["pvid", "untagged"] };
  expect<unknown>(portVlans({ kind: "trunk", vlans: [10], native: 1 })).toEqual([
    { vlans: 10 },
    native,
  ]);
  expect<unknown>(portVlans({ kind: "trunk", vlans: [1, 10, 10], native: 1 })).toEqual([
    { vlans: 10 },
    native,
  ]);
});

test("a plain port beside them passes all VLANs", () => {
  expect(portVlans({ kind: "plain" })).toEqual([
    { vlans: 1, flags: ["pvid", "untagged"] },
    { vlans: { first: 2, last: 4094 } },
  ]);
});

test("a switch looks at tags when one of its ports does", () => {
  expect(looksAtTags([])).toBe(false);
  expect(looksAtTags([{ vlan: { kind: "plain" } }])).toBe(false);
  expect(looksAtTags([{ vlan: { kind: "plain" } }, { vlan: { kind: "access", vlan: 1 } }])).toBe(
    true,
  );
});
