import { type Ip, type Mac, parseIp, parseMac } from "../../addr/index.ts";
import { err, ok, type Result } from "../../base/index.ts";
import { type FindingKind, findingKinds } from "../../engine/index.ts";
import { didYouMean } from "./did-you-mean.ts";

/**
 * A node as the file writes it, before it is known whether it exists: `NAME`, `NAME@NETWORK`,
 * `NAME@LINK`, `NAME=ADDRESS` or `ADDRESS`.
 */
export type RefText =
  | {
      readonly kind: "node";
      readonly name: string;
      readonly on?: string;
      readonly address?: Ip;
    }
  | { readonly kind: "address"; readonly address: Ip };

/** `A -> B`, or `A <-> B` for both directions. */
export interface FlowText {
  readonly from: RefText;
  readonly to: RefText;
  readonly arrow: "->" | "<->";
}

/** `NODE/LINK` or `SWITCH/PORT`. */
export interface PointText {
  readonly owner: string;
  readonly link: string;
}

/** What a neighbour entry must say: `none`, `failed`, a MAC, or a node whose MAC it is. */
export type NeighbourText =
  | { readonly kind: "none" | "failed" }
  | { readonly kind: "mac"; readonly mac: Mac }
  | { readonly kind: "node"; readonly ref: RefText };

/** `CONTAINER KIND`, or `NETWORK parent-…`: what the status of a host says of either. */
export interface FindingText {
  readonly subject: "container" | "network";
  readonly name: string;
  readonly kind: FindingKind;
}

/** `CONTAINER ADDRESS`, or `resting ADDRESS`. */
export type LeaseText =
  | { readonly kind: "held"; readonly container: string; readonly address: Ip }
  | { readonly kind: "resting"; readonly address: Ip };

const nameForm = /^[A-Za-z][A-Za-z0-9_-]*$/;
const linkForm = /^[A-Za-z0-9_.-]+$/;

/** Reads one node reference. The error is a line for the reader. */
export function parseRef(text: string): Result<RefText, string> {
  const address = parseIp(text);
  if (address.ok) return ok({ kind: "address", address: address.value });
  const equals = text.indexOf("=");
  if (equals > 0) return parseWithAddress(text.slice(0, equals), text.slice(equals + 1));
  const [name = "", on, ...more] = text.split("@");
  if (nameForm.test(name) && more.length === 0) {
    if (on === undefined) return ok({ kind: "node", name });
    if (linkForm.test(on)) return ok({ kind: "node", name, on });
  }
  const looksLikeAddress = /^[0-9]|:/.test(text);
  return err(
    looksLikeAddress
      ? address.error.detail
      : `"${text}" names no node; write NAME, NAME@NETWORK, NAME@LINK, NAME=ADDRESS or ADDRESS`,
  );
}

/** Reads `A -> B` or `A <-> B`. The error is a line for the reader. */
export function parseFlow(text: string): Result<FlowText, string> {
  const parts = /^(.*?)\s*(<->|->)\s*(.*)$/s.exec(text.trim());
  if (parts === null) return err(`"${text}" is no flow; write "A -> B" or "A <-> B"`);
  const [, left = "", arrow, right = ""] = parts;
  const from = parseRef(left);
  if (!from.ok) return from;
  const to = parseRef(right);
  if (!to.ok) return to;
  return ok({ from: from.value, to: to.value, arrow: arrow === "->" ? "->" : "<->" });
}

/** Reads `NODE/LINK` or `SWITCH/PORT`. The error is a line for the reader. */
export function parsePoint(text: string): Result<PointText, string> {
  const [owner = "", link = "", ...more] = text.split("/");
  return nameForm.test(owner) && linkForm.test(link) && more.length === 0
    ? ok({ owner, link })
    : err(`"${text}" is no place to capture at; write NODE/LINK or SWITCH/PORT, such as h1/eth0`);
}

/** Reads what a neighbour entry must say. The error is a line for the reader. */
export function parseNeighbour(text: string): Result<NeighbourText, string> {
  if (text === "none" || text === "failed") return ok({ kind: text });
  const mac = parseMac(text);
  if (mac.ok) return ok({ kind: "mac", mac: mac.value });
  if (text.includes(":")) return err(mac.error.detail);
  const ref = parseRef(text);
  return ref.ok ? ok({ kind: "node", ref: ref.value }) : ref;
}

/** Reads `CONTAINER KIND` or `NETWORK parent-…`. The error is a line for the reader. */
export function parseFinding(text: string): Result<FindingText, string> {
  const [name = "", word = "", ...more] = text.split(/\s+/);
  if (!nameForm.test(name) || word === "" || more.length > 0) {
    return err(`"${text}" is no finding; write CONTAINER KIND, such as c1 sandbox-gone`);
  }
  const kind = findingKinds.find((one) => one === word);
  const subject = word.startsWith("parent-") ? "network" : "container";
  if (kind !== undefined) return ok({ subject, name, kind });
  return err(`no finding is called "${word}"${didYouMean(word, findingKinds)}`);
}

/** Reads `CONTAINER ADDRESS` or `resting ADDRESS`. The error is a line for the reader. */
export function parseLease(text: string): Result<LeaseText, string> {
  const [who = "", where, ...more] = text.split(/\s+/);
  if (!nameForm.test(who) || where === undefined || more.length > 0) {
    return err(`"${text}" is no lease; write CONTAINER ADDRESS or resting ADDRESS`);
  }
  const address = parseIp(where);
  if (!address.ok) return err(address.error.detail);
  const { value } = address;
  if (who === "resting") return ok({ kind: "resting", address: value });
  return ok({ kind: "held", container: who, address: value });
}

/** The text that `parseRef` reads as this reference. */
export function formatRef(ref: RefText): string {
  if (ref.kind === "address") return ref.address;
  const on = ref.on === undefined ? "" : `@${ref.on}`;
  return `${ref.name}${on}${ref.address === undefined ? "" : `=${ref.address}`}`;
}

function parseWithAddress(name: string, text: string): Result<RefText, string> {
  if (!nameForm.test(name)) return err(`"${name}" is not a node's name`);
  const address = parseIp(text);
  return address.ok
    ? ok({ kind: "node", name, address: address.value })
    : err(address.error.detail);
}
