import { expect, test } from "bun:test";
import { parseInterfaceAddress, parseMac } from "../addr/index.ts";
import {
  describeStep,
  type EndpointId,
  type IfName,
  type LinkIdentity,
  linkAlias,
  type SegmentName,
  type Step,
  type StoreUuid,
  sandboxId,
  segmentOf,
} from "./index.ts";
import { accepted } from "./testing.ts";

const link: LinkIdentity = {
  ifindex: 20_000_000,
  madeAs: "lf0123456789" as IfName,
  mac: accepted(parseMac("02:00:00:00:00:01")),
  alias: linkAlias("uuid" as StoreUuid, "ep-0123456789" as EndpointId),
};

const create: Step = {
  kind: "create-link",
  driver: { kind: "macvlan", mode: "bridge" },
  parent: "eth0" as IfName,
  link,
};

const configure: Step = {
  kind: "configure-link",
  link,
  ifname: "lan0" as IfName,
  addresses: ["10.0.0.2/24", "fd00::2/64"].map((text) => accepted(parseInterfaceAddress(text))),
  gateways: [],
  routes: [],
};

test.each([
  [create, "make macvlan lf0123456789 on eth0"],
  [configure, "set up lan0 with 10.0.0.2/24, fd00::2/64"],
  [{ kind: "remove-link", link } as const, "delete link 20000000 (02:00:00:00:00:01)"],
])("a step says what it does: %#", (step, words) => expect(describeStep(step)).toBe(words));

test("a sandbox is one namespace of one boot", () => {
  expect(sandboxId("boot-a", 4_026_531_840n) as string).toBe("boot-a/4026531840");
  const all = [sandboxId("a", 1n), sandboxId("b", 1n), sandboxId("a", 2n)];
  expect(new Set(all).size).toBe(3);
});

test("a segment is named after the parent that it stands on", () => {
  const parent = "eth0.30" as IfName;
  expect(segmentOf({ parent: parent })).toEqual({ name: "eth0.30" as SegmentName, device: parent });
});
