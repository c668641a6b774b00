import { type Millis, millis, seconds } from "../../base/index.ts";
import type {
  ExpectedFlow,
  Flow,
  FlowCheck,
  FlowTarget,
  MatrixCheck,
  NodeRef,
  Probe,
  Reachability,
} from "../format/scenario.ts";
import { measureFlow } from "../measure/measure-flow.ts";
import type { Measurement } from "../measure/measurement.ts";
import type { CheckReport, MatrixCell, MatrixReport } from "../report.ts";
import type { Lab, RunningNode } from "../world/lab.ts";
import { waitForAddresses } from "../world/wait-until-ready.ts";
import { targetAddress } from "../world/whereabouts.ts";
import { orReport, report } from "./check-report.ts";

/** Ends with the first answer, so its length only matters when something is wrong. */
const PATIENCE_REACHABLE = seconds(4);
/** Answers in a lab take well under a millisecond; this is room for a busy machine. */
const PATIENCE_UNREACHABLE = millis(700);

/** How long to try a flow whose outcome should be this. */
export function patienceFor(expect: Reachability): Millis {
  return expect === "reachable" ? PATIENCE_REACHABLE : PATIENCE_UNREACHABLE;
}

/** Tries one flow and compares. */
export async function checkFlow(lab: Lab, check: FlowCheck): Promise<CheckReport> {
  const { flow, expect, because, seenAs } = check;
  const name = flowName(flow);
  const expected = seenAs === undefined ? expect : `${expect}, seen as ${targetName(seenAs)}`;
  const ready = orReport(await waitForAddresses(lab, nodesOf(lab, flow)), name, expected);
  if (!ready.ok) return ready.error;
  const measured = orReport(await measureFlow(lab, flow, patienceFor(expect)), name, expected);
  if (!measured.ok) return measured.error;
  const { reachability, evidence } = measured.value;
  const facts = { check: name, expected, because, evidence };
  if (seenAs === undefined || reachability === "unreachable") {
    return report({ ...facts, measured: reachability, ok: reachability === expect });
  }
  const wanted = orReport(await targetAddress(lab, seenAs, flow.version), name, expected);
  if (!wanted.ok) return wanted.error;
  return compareSource(measured.value, { ...facts, expect, wanted: wanted.value, seenAs });
}

function compareSource(
  { reachability, seenAs }: Measurement,
  facts: {
    readonly check: string;
    readonly expected: string;
    readonly because: string | undefined;
    readonly evidence: readonly string[];
    readonly expect: Reachability;
    readonly wanted: string;
    readonly seenAs: FlowTarget;
  },
): CheckReport {
  const { check, expected, because, evidence, expect, wanted } = facts;
  const seen = seenAs === wanted ? targetName(facts.seenAs) : (seenAs ?? "nobody");
  const measured = `${reachability}, seen as ${seen}`;
  const matches = reachability === expect && seenAs === wanted;
  return report({ check, expected, because, evidence, measured, ok: matches });
}

/** Tries every pair at once: what one flow teaches the neighbour tables does not change another. */
export async function checkMatrix(
  lab: Lab,
  check: MatrixCheck,
): Promise<{ readonly matrix: MatrixReport; readonly checks: readonly CheckReport[] }> {
  const nodes = check.nodes.map(({ node }) => lab.node(node.name));
  if (check.cells.some(({ flow }) => flow.version === 6)) await waitForAddresses(lab, nodes);
  const measured = await Promise.all(check.cells.map((cell) => measureCell(lab, cell)));
  return {
    matrix: {
      nodes: check.nodes.map((ref) => refName(ref)),
      cells: measured.map(({ cell }) => cell),
    },
    checks: measured.map((row) => row.check),
  };
}

async function measureCell(
  lab: Lab,
  { flow, expect, because }: ExpectedFlow,
): Promise<{ readonly cell: MatrixCell; readonly check: CheckReport }> {
  const name = flowName(flow);
  const outcome = orReport(await measureFlow(lab, flow, patienceFor(expect)), name, expect);
  const measured = outcome.ok ? outcome.value.reachability : "unreachable";
  const cell: MatrixCell = {
    from: refName(flow.from),
    to: targetName(flow.to),
    expected: expect,
    measured,
    ok: outcome.ok && measured === expect,
    ...(because === undefined ? {} : { because }),
  };
  if (!outcome.ok) return { cell, check: outcome.error };
  const { evidence } = outcome.value;
  const facts = { check: name, expected: expect, measured, because, evidence };
  return { cell, check: report({ ...facts, ok: cell.ok }) };
}

/** The nodes at both ends of a flow. */
export function nodesOf(lab: Lab, { from, to }: Flow): RunningNode[] {
  const names = [from.node.name, ...(to.kind === "node" ? [to.node.name] : [])];
  return names.map((name) => lab.node(name));
}

/** As the file says it, with what is not said there: "c1 -> pc ping IPv6". */
export function flowName({ text, probe, version }: Flow): string {
  return `${text} ${probeName(probe)}${version === 6 ? " IPv6" : ""}`;
}

function probeName(probe: Probe): string {
  return probe.kind === "ping" ? "ping" : `${probe.kind} ${probe.port}`;
}

function refName({ node, on, address }: NodeRef): string {
  const which = on === undefined ? "" : `@${on.name}`;
  return `${node.name}${which}${address === undefined ? "" : `=${address}`}`;
}

/** A node or an address, as the file names it. */
export function targetName(target: FlowTarget): string {
  return target.kind === "node" ? refName(target) : target.address;
}
