import { assert, type Brand, ok, type Problem, type Result } from "../base/index.ts";
import { type Grammar, parseWith, quote, type Refusal, refuse } from "./grammar.ts";
import { ip4FromNumber, ip4ToNumber, readIp4 } from "./ip4.ts";
import { addressInvalid } from "./problems.ts";

/** An IPv6 address in the one form of RFC 5952: "fd00::10", and "::ffff:10.0.0.2" when mapped. */
export type Ip6 = Brand<string, "Ip6">;

/** Eight numbers of 16 bits, the first is the most significant. */
type Groups = readonly number[];

const groupCount = 8;

const ip6Grammar: Grammar<Ip6> = {
  what: "an IPv6 address",
  example: "fd00::10",
  problem: addressInvalid,
  read: readIp6,
};

/** Any textual form of RFC 4291 section 2.2, without a zone id. Error: LF-ADDRESS-INVALID. */
export function parseIp6(text: unknown): Result<Ip6, Problem> {
  return parseWith(ip6Grammar, text);
}

/** Reader behind parseIp6, for texts that hold an address among other things. */
export function readIp6(text: string): Result<Ip6, Refusal> {
  const groups = readGroups(text);
  return groups.ok ? ok(ip6FromGroups(groups.value)) : groups;
}

/** The eight groups of an address. */
export function ip6ToGroups(ip: Ip6): Groups {
  const groups = readGroups(ip);
  assert(groups.ok, `not an Ip6: ${ip}`);
  return groups.value;
}

/** RFC 5952 section 4, and section 5 for IPv4-mapped addresses, which iproute2 prints so too. */
export function ip6FromGroups(groups: Groups): Ip6 {
  assert(groups.length === groupCount, `an IPv6 address has 8 groups, not ${groups.length}`);
  const [, , , , , marker = 0, high = 0, low = 0] = groups;
  const run = longestZeroRun(groups);
  if (run.start === 0 && run.length === 5 && marker === 0xffff) {
    return `::ffff:${ip4FromNumber(high * 0x10000 + low)}` as Ip6;
  }
  // RFC 5952 section 4.2.2: "::" must not stand for a single group.
  if (run.length < 2) return formatGroups(groups) as Ip6;
  const head = formatGroups(groups.slice(0, run.start));
  const tail = formatGroups(groups.slice(run.start + run.length));
  return `${head}::${tail}` as Ip6;
}

function formatGroups(groups: Groups): string {
  return groups.map((group) => group.toString(16)).join(":");
}

/** The first of the longest runs of zero groups (RFC 5952 section 4.2.3). */
function longestZeroRun(groups: Groups): { readonly start: number; readonly length: number } {
  let longest = { start: 0, length: 0 };
  let start = 0;
  for (const [index, group] of groups.entries()) {
    if (group !== 0) start = index + 1;
    else if (index + 1 - start > longest.length) longest = { start, length: index + 1 - start };
  }
  return longest;
}

function readGroups(text: string): Result<Groups, Refusal> {
  if (text.includes("%")) return refuse("a zone id is not part of an address");
  const plain = unfoldIp4(text);
  if (!plain.ok) return plain;
  const [before = "", after, ...more] = plain.value.split("::");
  if (more.length > 0) return refuse('"::" stands more than once');
  const head = readHalf(before);
  if (!head.ok) return head;
  if (after === undefined) {
    if (head.value.length === groupCount) return head;
    return refuse(`eight groups separated by ":" are needed, this has ${head.value.length}`);
  }
  const tail = readHalf(after);
  if (!tail.ok) return tail;
  const missing = groupCount - head.value.length - tail.value.length;
  if (missing < 1) return refuse('"::" stands for nothing, there are eight groups without it');
  return ok([...head.value, ...new Array<number>(missing).fill(0), ...tail.value]);
}

/** Rewrites a dotted quad at the end (RFC 4291 section 2.2 item 3) as its two groups. */
function unfoldIp4(text: string): Result<string, Refusal> {
  if (!text.includes(".")) return ok(text);
  const start = text.lastIndexOf(":") + 1;
  const quad = readIp4(text.slice(start));
  if (!quad.ok) return refuse(`in its IPv4 part, ${quad.error.reason}`);
  const n = ip4ToNumber(quad.value);
  return ok(`${text.slice(0, start)}${formatGroups([n >>> 16, n & 0xffff])}`);
}

/** The groups on one side of "::", or all of them. */
function readHalf(text: string): Result<Groups, Refusal> {
  if (text === "") return ok([]);
  const groups: number[] = [];
  for (const group of text.split(":")) {
    if (group === "") return refuse('a ":" has no group beside it');
    if (!/^[0-9a-f]{1,4}$/i.test(group)) {
      return refuse(`group ${quote(group)} is not one to four hexadecimal digits`);
    }
    groups.push(Number.parseInt(group, 16));
  }
  return ok(groups);
}
