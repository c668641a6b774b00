import type { Mac } from "../../addr/index.ts";
import { err, ok, type Problem, type Result } from "../../base/index.ts";
import { listNeighbours } from "../../netlink/index.ts";
import type { Check, NeighbourCheck } from "../format/scenario.ts";
import type { CheckReport } from "../report.ts";
import type { Lab } from "../world/lab.ts";
import { refusedOn } from "../world/requests.ts";
import { macOf, targetAddress } from "../world/whereabouts.ts";
import { targetName } from "./check-flow.ts";
import { orReport, report } from "./check-report.ts";

/** What a neighbour table says of one address. */
type Entry = { readonly kind: "none" | "failed" } | { readonly kind: "mac"; readonly mac: Mac };

/** Reads one entry of a node's neighbour table and compares. */
export async function checkNeighbour(
  lab: Lab,
  check: NeighbourCheck & Pick<Check, "text">,
): Promise<CheckReport> {
  const name = check.text;
  const wanted = orReport(await wantedEntry(lab, check), name, "an entry");
  if (!wanted.ok) return wanted.error;
  const expected = entryName(wanted.value);
  const found = orReport(await readEntry(lab, check), name, expected);
  if (!found.ok) return found.error;
  const measured = entryName(found.value);
  const { because } = check;
  const evidence = [`neighbour table of ${check.node.node.name}, for ${targetName(check.of)}`];
  return report({ check: name, expected, measured, because, evidence, ok: measured === expected });
}

async function wantedEntry(lab: Lab, { expect }: NeighbourCheck): Promise<Result<Entry, Problem>> {
  if (expect.kind !== "node") return ok(expect);
  const mac = await macOf(lab, expect.node);
  return mac.ok ? ok({ kind: "mac", mac: mac.value }) : mac;
}

async function readEntry(
  lab: Lab,
  { node: ref, of, version }: NeighbourCheck,
): Promise<Result<Entry, Problem>> {
  const address = await targetAddress(lab, of, version);
  if (!address.ok) return address;
  const node = lab.node(ref.node.name);
  const neighbours = node.link.dump(listNeighbours(version));
  if (!neighbours.ok) return err(refusedOn(node.name, neighbours.error));
  const entry = neighbours.value.find((row) => row.ip === address.value);
  if (entry === undefined) return ok({ kind: "none" });
  if (entry.mac !== undefined) return ok({ kind: "mac", mac: entry.mac });
  const unanswered = entry.states.includes("failed") || entry.states.includes("incomplete");
  return ok({ kind: unanswered ? "failed" : "none" });
}

function entryName(entry: Entry): string {
  switch (entry.kind) {
    case "none":
      return "no entry";
    case "failed":
      return "asked for, not answered";
    case "mac":
      return entry.mac;
  }
}
