import { type IpVersion, parseIp, parseMac } from "../addr/index.ts";
import { type Err, err, mapResult, nearest, ok, type Problem, type Result } from "../base/index.ts";
import type { FrameFilter, Side } from "./filter.ts";
import { filterInvalid } from "./problems.ts";

/** Far more than anyone writes; keeps the recursion below flat for text from outside. */
const WORDS_MAX = 200;

/** What a filter can ask for, as shown to people. */
export const FILTER_PRIMITIVES: readonly string[] = [
  "arp [request|reply]",
  "ip",
  "ip6",
  "icmp [echo-request|echo-reply]",
  "icmp6 [echo-request|echo-reply]",
  "ndp",
  "tcp [syn|synack|ack|rst]",
  "udp",
  "[src|dst] host IP",
  "[src|dst] port N",
  "ether src|dst|host MAC",
  "broadcast",
  "multicast",
  "vlan [ID]",
];

/**
 * Reads a capture filter; an empty one matches every frame. The words are those of tcpdump
 * (pcap-filter(7)), and as there, "and" and "or" bind equally and are read from left to right.
 * Fails with LF-FILTER-INVALID, which points at the word and says what is possible there.
 */
export function parseFilter(text: string): Result<FrameFilter, Problem> {
  const cursor: Cursor = { text, words: splitWords(text), next: 0 };
  if (cursor.words.length === 0) return ok({ kind: "all" });
  if (cursor.words.length > WORDS_MAX) {
    cursor.next = WORDS_MAX;
    return refuse(cursor, `is one word too many (at most ${WORDS_MAX})`, ["a shorter filter"]);
  }
  const filter = parseExpression(cursor);
  if (!filter.ok || peek(cursor) === undefined) return filter;
  return refuse(cursor, "does not continue the filter", CONNECTORS);
}

interface Word {
  readonly text: string;
  /** Counted from 1. */
  readonly column: number;
}

/** How far the filter has been read. */
interface Cursor {
  readonly text: string;
  readonly words: readonly Word[];
  next: number;
}

type Parsed = Result<FrameFilter, Problem>;

const CONNECTORS = ["and", "or"] as const;

/** Spellings that pcap-filter(7) allows as well. */
const SYNONYMS: ReadonlyMap<string, string> = new Map([
  ["&&", "and"],
  ["||", "or"],
  ["!", "not"],
]);

const PRIMITIVES: ReadonlyMap<string, (cursor: Cursor) => Parsed> = new Map<
  string,
  (cursor: Cursor) => Parsed
>([
  ["arp", parseArp],
  ["ip", () => ok({ kind: "ip", version: 4 })],
  ["ip6", () => ok({ kind: "ip", version: 6 })],
  ["icmp", (cursor) => parseIcmp(cursor, 4)],
  ["icmp6", (cursor) => parseIcmp(cursor, 6)],
  ["ndp", () => ok({ kind: "ndp" })],
  ["tcp", parseTcp],
  ["udp", () => ok({ kind: "udp" })],
  ["host", (cursor) => parseHost(cursor, "either")],
  ["port", (cursor) => parsePort(cursor, "either")],
  ["src", (cursor) => parseEnd(cursor, "source")],
  ["dst", (cursor) => parseEnd(cursor, "destination")],
  ["ether", parseEther],
  ["broadcast", () => ok({ kind: "broadcast" })],
  ["multicast", () => ok({ kind: "multicast" })],
  ["vlan", parseVlan],
]);

function splitWords(text: string): readonly Word[] {
  const matches = text.matchAll(/&&|\|\||[()!]|[^\s()!&|]+|[&|]/g);
  return Array.from(matches, (match) => ({
    text: SYNONYMS.get(match[0]) ?? match[0],
    column: match.index + 1,
  }));
}

function parseExpression(cursor: Cursor): Parsed {
  let left = parseTerm(cursor);
  for (let word = peek(cursor); left.ok && isConnector(word); word = peek(cursor)) {
    cursor.next++;
    const right = parseTerm(cursor);
    if (!right.ok) return right;
    left = ok({ kind: word, operands: [...operandsOf(word, left.value), right.value] });
  }
  return left;
}

function parseTerm(cursor: Cursor): Parsed {
  const word = peek(cursor);
  if (word === "not") {
    cursor.next++;
    return mapResult(parseTerm(cursor), (operand) => ({ kind: "not", operand }));
  }
  if (word === "(") {
    cursor.next++;
    const inner = parseExpression(cursor);
    if (!inner.ok) return inner;
    if (peek(cursor) !== ")") return refuse(cursor, "does not close the parenthesis", [")"]);
    cursor.next++;
    return inner;
  }
  const parse = PRIMITIVES.get(word ?? "");
  if (parse === undefined) return refusePrimitive(cursor);
  cursor.next++;
  return parse(cursor);
}

function parseArp(cursor: Cursor): Parsed {
  const operation = takeQualifier(cursor, ["request", "reply"]);
  return mapResult(operation, (chosen) => ({ kind: "arp", operation: chosen }));
}

function parseIcmp(cursor: Cursor, version: IpVersion): Parsed {
  const message = takeQualifier(cursor, ["echo-request", "echo-reply"]);
  return mapResult(message, (chosen) => ({ kind: "icmp", version, message: chosen }));
}

function parseTcp(cursor: Cursor): Parsed {
  const segment = takeQualifier(cursor, ["syn", "synack", "ack", "rst"]);
  return mapResult(segment, (chosen) => ({ kind: "tcp", segment: chosen }));
}

function parseEnd(cursor: Cursor, side: Side): Parsed {
  const word = takeOneOf(cursor, ["host", "port"]);
  if (!word.ok) return word;
  return word.value === "host" ? parseHost(cursor, side) : parsePort(cursor, side);
}

function parseHost(cursor: Cursor, side: Side): Parsed {
  const address = parseIp(peek(cursor));
  if (!address.ok) return refuse(cursor, "is not an IP address", ["an IPv4 or IPv6 address"]);
  cursor.next++;
  return ok({ kind: "host", side, address: address.value });
}

function parseEther(cursor: Cursor): Parsed {
  const word = takeOneOf(cursor, ["src", "dst", "host"]);
  if (!word.ok) return word;
  const address = parseMac(peek(cursor));
  if (!address.ok) return refuse(cursor, "is not a MAC address", ["a MAC address"]);
  cursor.next++;
  const side = ({ src: "source", dst: "destination", host: "either" } as const)[word.value];
  return ok({ kind: "ether", side, address: address.value });
}

function parsePort(cursor: Cursor, side: Side): Parsed {
  const port = takeNumber(cursor, 0xffff);
  return mapResult(port, (chosen) => ({ kind: "port", side, port: chosen }));
}

function parseVlan(cursor: Cursor): Parsed {
  if (endsPrimitive(cursor)) return ok({ kind: "vlan", id: "any" });
  return mapResult(takeNumber(cursor, 0xfff), (id) => ({ kind: "vlan", id }));
}

/** An optional word of its own after a primitive. */
function takeQualifier<Choice extends string>(
  cursor: Cursor,
  choices: readonly Choice[],
): Result<Choice | "any", Problem> {
  if (endsPrimitive(cursor)) return ok("any");
  return takeOneOf(cursor, choices, CONNECTORS);
}

function takeOneOf<Choice extends string>(
  cursor: Cursor,
  choices: readonly Choice[],
  others: readonly string[] = [],
): Result<Choice, Problem> {
  const word = peek(cursor);
  const choice = choices.find((candidate) => candidate === word);
  if (choice === undefined) return refuse(cursor, "does not fit here", [...choices, ...others]);
  cursor.next++;
  return ok(choice);
}

function takeNumber(cursor: Cursor, limit: number): Result<number, Problem> {
  const word = peek(cursor) ?? "";
  if (!/^\d{1,5}$/.test(word) || Number(word) > limit) {
    return refuse(cursor, "is not a number in range", [`a number from 0 to ${limit}`]);
  }
  cursor.next++;
  return ok(Number(word));
}

function peek(cursor: Cursor): string | undefined {
  return cursor.words[cursor.next]?.text;
}

function isConnector(word: string | undefined): word is "and" | "or" {
  return word === "and" || word === "or";
}

function endsPrimitive(cursor: Cursor): boolean {
  const word = peek(cursor);
  return word === undefined || word === ")" || isConnector(word);
}

/** Keeps "a and b and c" flat; a change of the connector starts a new level. */
function operandsOf(kind: "and" | "or", left: FrameFilter): readonly FrameFilter[] {
  return left.kind === kind ? left.operands : [left];
}

function refusePrimitive(cursor: Cursor): Err<Problem> {
  const candidates = [...PRIMITIVES.keys(), "not"];
  const expected = [...FILTER_PRIMITIVES, "not", "( )"];
  return refuse(cursor, "is not something a filter can ask for", expected, candidates);
}

function refuse(
  cursor: Cursor,
  reason: string,
  expected: readonly string[],
  candidates: readonly string[] = expected,
): Err<Problem> {
  const word = cursor.words[cursor.next];
  return err(
    filterInvalid({
      filter: cursor.text,
      word: word?.text ?? "",
      column: word?.column ?? cursor.text.length + 1,
      reason: word === undefined ? "something is missing" : reason,
      expected,
      meant: word === undefined ? undefined : nearest(word.text, candidates),
    }),
  );
}
