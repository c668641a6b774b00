import { openConversation, refusalProblem } from "../attach/index.ts";
import { err, ok, type Problem, type Result } from "../base/index.ts";
import { getLink, setLink } from "../netlink/index.ts";
import { collectGone } from "./collect-gone.ts";
import type { EngineDeps } from "./deps.ts";
import type {
  EndpointFinding,
  Finding,
  NetworkFinding,
  Reconciled,
  ReconcileOptions,
} from "./engine.ts";
import { findDrift } from "./find-drift.ts";
import { endStaleHolds } from "./holds.ts";
import { type InFlight, listInFlight } from "./in-flight.ts";
import { ensureMadeParent } from "./made-parent.ts";
import { raiseMtu } from "./raise-mtu.ts";
import { restoreEndpoint } from "./restore-endpoint.ts";
import { endIfDead } from "./settle.ts";

/** Acts on every finding that can be acted on; one that fails does not stop the others. */
export async function reconcile(
  deps: EngineDeps,
  { holds = "end" }: ReconcileOptions = {},
): Promise<Result<readonly Reconciled[], Problem>> {
  const letGo = holds === "end" ? await endStaleHolds(deps) : ok();
  if (!letGo.ok) return letGo;
  const first = await reconcileOnce(deps);
  if (!first.ok || !first.value.some(isParentRepaired)) return first;
  // What was missing with a parent can be seen now.
  const second = await reconcileOnce(deps);
  if (!second.ok) return second;
  return ok([...first.value.filter(({ outcome }) => outcome === "done"), ...second.value]);
}

function isParentRepaired({ finding, outcome }: Reconciled): boolean {
  return finding.subject === "network" && finding.action === "repair" && outcome === "done";
}

async function reconcileOnce(deps: EngineDeps): Promise<Result<readonly Reconciled[], Problem>> {
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

type Acted = Promise<Result<"done" | "left", Problem>>;

async function act(deps: EngineDeps, finding: Finding): Acted {
  if (finding.action === "repair") {
    return finding.subject === "network"
      ? await repairParent(deps, finding)
      : await repairEndpoint(deps, finding);
  }
  if (finding.subject === "endpoint" && finding.action === "collect") {
    return await collectGone(deps, finding.endpoint);
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

/** Makes a parent of ours that is missing, or sets up one that is down. */
async function repairParent(deps: EngineDeps, finding: NetworkFinding): Acted {
  const found = await deps.store.transact((tx) => ok(tx.networks.byName(finding.network)));
  if (!found.ok || found.value === undefined) return found.ok ? ok("left") : found;
  const network = found.value;
  const made = await ensureMadeParent(deps, network);
  if (!made.ok) return made;
  if (finding.kind === "parent-missing") return ok("done");
  const opened = openConversation(deps.platform, deps.hostNamespace);
  if (!opened.ok) return opened;
  using host = opened.value;
  const link = host.request(getLink({ name: network.parent }));
  if (!link.ok) return err(refusalProblem(link.error, `look for ${network.parent}`));
  const up = host.request(setLink({ link: link.value, state: "up" }));
  return up.ok ? ok("done") : err(refusalProblem(up.error, `set up ${network.parent}`));
}

async function repairEndpoint(deps: EngineDeps, finding: EndpointFinding): Acted {
  return finding.kind === "link-missing"
    ? await restoreEndpoint(deps, finding.endpoint)
    : await raiseMtu(deps, finding.endpoint);
}
