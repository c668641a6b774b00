import {
  type Ip,
  type IpRange,
  type Prefix,
  parseIp,
  parsePrefix,
  parseRange,
} from "../addr/index.ts";
import type { Problem, Result } from "../base/index.ts";
import type { IfName, NetworkName } from "./names.ts";
import type { NetworkWish } from "./network.ts";

/** Helpers of this folder's tests; product code must not import them. */

/** The value of a result that the test says is a success. */
export function accepted<T>(result: Result<T, Problem>): T {
  if (!result.ok) throw new Error(`refused: ${result.error.detail}`);
  return result.value;
}

/** The Problem of a result that the test says is a refusal. */
export function refused(result: Result<unknown, Problem>): Problem {
  if (result.ok) throw new Error(`accepted: ${JSON.stringify(String(result.value))}`);
  return result.error;
}

export const ip = (text: string): Ip => accepted(parseIp(text));
export const prefix = (text: string): Prefix => accepted(parsePrefix(text));
export const range = (text: string): IpRange => accepted(parseRange(text));

/** A network on eth0 as a user may ask for it; nothing but what a test names. */
export function wish(parts: Partial<NetworkWish>): NetworkWish {
  return {
    name: "lan" as NetworkName,
    parent: "eth0" as IfName,
    driver: { kind: "macvlan", mode: "bridge" },
    subnets: [],
    gateways: [],
    ranges: [],
    exclusions: [],
    routes: [],
    reach: "routed",
    ...parts,
  };
}

/** Inputs that are no text, as a file or a request may hold them. */
export const notText = [
  undefined,
  null,
  true,
  42n,
  {},
  ["eth0"],
  Symbol("s"),
  () => "",
  Object.create(null),
];
