import { expect, test } from "bun:test";
import { type Ip, parseIp } from "../addr/index.ts";
import type { Parent } from "../attach/index.ts";
import { millis } from "../base/index.ts";
import type { NetworkName, SegmentName } from "../domain/index.ts";
import { Claims } from "./claims.ts";

const network = "lan" as NetworkName;
const address = parsed("10.0.0.9");
const parent = { ifindex: 2, name: "p0" } as Parent;
const claim = { network, segment: "p0" as SegmentName, address, parent, origin: "chosen" } as const;

function parsed(text: string): Ip {
  const ip = parseIp(text);
  if (!ip.ok) throw new Error(text);
  return ip.value;
}

test("the parent of a claim is known for a moment, and only while the claim lasts", () => {
  const claims = new Claims();
  claims.add(claim, millis(1000));
  expect(claims.parentOf(network, address, millis(1050))).toBe(parent);
  expect(claims.parentOf(network, parsed("10.0.0.8"), millis(1050))).toBeUndefined();
  expect(claims.parentOf(network, address, millis(1100))).toBeUndefined();
  claims.add(claim, millis(2000));
  claims.end(network, address);
  expect(claims.parentOf(network, address, millis(2000))).toBeUndefined();
});
