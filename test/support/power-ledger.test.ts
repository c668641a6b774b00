import { expect, test } from "bun:test";
import { type Held, openPowerLedger, type Told } from "./power-ledger.ts";

const endpoint = (id: string) => ({ id, place: `place-${id}`, addresses: [`4.${id}`, `6.${id}`] });
const rows = (...ids: string[]): Held[] =>
  ids.flatMap((id) => endpoint(id).addresses.map((address) => ({ endpoint: id, address })));
const attached = (id: string): Told => ({ kind: "attached", endpoint: endpoint(id) });
const detached = (id: string): Told => ({ kind: "detached", endpoint: endpoint(id) });
const begins = (move: "attach" | "detach", id: string): Told => ({
  ...{ kind: "begins", move },
  place: `place-${id}`,
});

function complaints(told: readonly Told[], book: readonly Held[]): readonly string[] {
  const ledger = openPowerLedger();
  for (const one of told) ledger.hear(one);
  return ledger.audit(book).map((complaint) => complaint.split(":")[0] ?? "");
}

test("what was acknowledged must be there, whole and once", () => {
  expect(complaints([attached("a"), attached("b")], rows("a", "b"))).toEqual([]);
  expect(complaints([attached("a"), attached("b")], rows("a"))).toEqual(["lost"]);
  expect(complaints([attached("a")], rows("a").slice(1))).toEqual(["lost"]);
  expect(complaints([attached("a")], [...rows("a"), ...rows("a")])).toContain("twice");
});

test("what was released must not come back, and nothing may appear by itself", () => {
  const gone = [attached("a"), detached("a")];
  expect(complaints(gone, [])).toEqual([]);
  expect(complaints([...gone, attached("b")], rows("a", "b"))).toEqual(["returned"]);
  expect(complaints([], rows("a"))).toEqual(["unheard of"]);
  const refused: Told = { kind: "refused", code: "LF-X", detail: "" };
  expect(complaints([begins("attach", "a"), refused], rows("a"))).toEqual(["unheard of"]);
});

test("the one move in flight may have happened or not, but not by half", () => {
  for (const book of [rows("a"), rows("a", "b")]) {
    expect(complaints([attached("a"), begins("attach", "b")], book)).toEqual([]);
  }
  const two = [attached("a"), begins("attach", "b")];
  expect(complaints(two, rows("a", "b", "c"))).toEqual(["unheard of"]);
  const leaving = [attached("a"), attached("b"), begins("detach", "a")];
  expect(complaints(leaving, rows("a", "b"))).toEqual([]);
  expect(complaints(leaving, rows("b"))).toEqual([]);
  expect(complaints(leaving, [...rows("b"), ...rows("a").slice(1)])).toEqual(["lost"]);
  expect(complaints(leaving, rows("a"))).toEqual(["lost"]);
});

test("what was released since the last attach may come back, the later the sooner", () => {
  const gone = [attached("c"), attached("a"), attached("b"), detached("b"), detached("a")];
  for (const next of [[], [begins("attach", "d")]]) {
    for (const book of [rows("c"), rows("c", "a"), rows("c", "a", "b")]) {
      expect(complaints([...gone, ...next], book)).toEqual([]);
    }
    expect(complaints([...gone, ...next], rows("c", "b"))).toEqual(["returned"]);
  }
  expect(complaints([...gone, attached("d")], rows("c", "d", "a"))).toEqual(["returned"]);
});

test("what came back may stay until it is collected", () => {
  const ledger = openPowerLedger();
  for (const one of [attached("a"), detached("a")]) ledger.hear(one);
  expect(ledger.audit(rows("a"))).toEqual([]);
  ledger.hear({ kind: "collecting" });
  expect(ledger.audit(rows("a"))).toEqual([]);
  for (const kind of ["collecting", "collected"] as const) ledger.hear({ kind });
  expect(ledger.audit(rows("a"))).toEqual(["returned: a was released"]);
});

test("while endpoints are collected each may be gone, and afterwards all are", () => {
  const collecting: Told[] = [attached("a"), attached("b"), { kind: "collecting" }];
  expect(complaints(collecting, rows("a"))).toEqual([]);
  expect(complaints(collecting, rows("a").slice(1))).toEqual(["lost"]);
  expect(complaints([...collecting, { kind: "collected" }], rows("a"))).toEqual(["returned"]);
});

test("after an audit the book counts: neither gone nor there again by itself", () => {
  const ledger = openPowerLedger();
  ledger.hear(begins("attach", "a"));
  expect(ledger.audit(rows("a"))).toEqual([]);
  expect(ledger.audit([])).toEqual(['lost: a was given 4.a 6.a, has ""']);
  expect(ledger.audit(rows("a"))).toEqual(["returned: a was released"]);
});
