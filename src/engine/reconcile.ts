import { ok, type Problem, type Result } from "../base/index.ts";
import { collectEndpoint } from "./book-side.ts";
import type { EngineDeps } from "./deps.ts";
import type { Finding, Reconciled } from "./engine.ts";
import { findDrift } from "./find-drift.ts";
import { type InFlight, listInFlight } from "./in-flight.ts";
import { endIfDead } from "./settle.ts";

/** Acts on every finding that can be acted on; one that fails does not stop the others. */
export async function reconcile(deps: EngineDeps): Promise<Result<readonly Reconciled[], Problem>> {
  const findings = await findDrift(deps);
  if (!findings.ok) return findings;
  const done: Reconciled[] = [];
  for (const finding of findings.value) {
    if (finding.action === "none") {
      done.push({ finding, outcome: "left" });
      continue;
    }
    const acted = await act(deps, finding);
    if (acted.ok) done.push({ finding, outcome: acted.value });
    else done.push({ finding, outcome: "failed", problem: acted.error });
  }
  return ok(done);
}

async function act(deps: EngineDeps, finding: Finding): Promise<Result<"done" | "left", Problem>> {
  if (finding.subject === "endpoint" && finding.action === "collect") {
    return deps.store.transact((tx) => {
      const row = tx.endpoints.get(finding.endpoint);
      // Somebody may have begun to work on it, or ended it, since it was looked at.
      if (row?.state !== "attached") return ok("left");
      collectEndpoint(deps, tx, row);
      return ok("done");
    });
  }
  const inFlight = await listInFlight(deps);
  if (!inFlight.ok) return inFlight;
  const row = inFlight.value.find((candidate) => isAbout(finding, candidate));
  if (row === undefined) return ok("done");
  const ended = await endIfDead(deps, row);
  if (!ended.ok) return ended;
  return ok(ended.value === "ended" ? "done" : "left");
}

function isAbout(finding: Finding, row: InFlight): boolean {
  return finding.subject === "endpoint"
    ? row.subject === "endpoint" && row.endpoint.id === finding.endpoint
    : row.subject === "network" && row.network.name === finding.network;
}
