import { expect, test } from "bun:test";
import { type Ip, parseIp } from "../addr/index.ts";
import { millis } from "../base/index.ts";
import type { NetworkName, SegmentName } from "../domain/index.ts";
import { Claims } from "./claims.ts";

const network = "lan" as NetworkName;
const segment = "p0" as SegmentName;

function parsed(text: string): Ip {
  const ip = parseIp(text);
  if (!ip.ok) throw new Error(text);
  return ip.value;
}

test("an address is promised on its segment for a minute, or until that is over", () => {
  const claims = new Claims();
  const address = parsed("10.0.0.9");
  const promised = (on: SegmentName, now: number) =>
    claims.on(on, millis(now)).map((claim) => claim.address);
  const claim = { network, segment, address, origin: "chosen" } as const;
  claims.add(claim, millis(1000));
  expect(promised(segment, 60_999)).toEqual([address]);
  expect(promised("p1" as SegmentName, 60_999)).toEqual([]);
  expect(promised(segment, 61_000)).toEqual([]);
  claims.add(claim, millis(2000));
  claims.end(network, parsed("10.0.0.8"));
  expect(promised(segment, 2000)).toEqual([address]);
  claims.end(network, address);
  expect(promised(segment, 2000)).toEqual([]);
});
