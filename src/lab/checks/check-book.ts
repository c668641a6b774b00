import { mapResult, type Problem, type Result } from "../../base/index.ts";
import type { EndpointId } from "../../domain/index.ts";
import type { Finding } from "../../engine/index.ts";
import type { Check, LeasesCheck, StatusCheck } from "../format/scenario.ts";
import type { CheckReport } from "../report.ts";
import { type HostRole, hostRole, type Lab } from "../world/lab.ts";
import { waitForAddresses } from "../world/wait-until-ready.ts";
import { orReport, report } from "./check-report.ts";

/** Compares what the engine of a host finds, once no address of its containers is in doubt. */
export async function checkStatus(
  lab: Lab,
  { text, host, findings }: StatusCheck & Pick<Check, "text">,
): Promise<CheckReport> {
  const containers = [...lab.nodes.values()].filter(
    ({ role }) => role.kind === "container" && role.host === host,
  );
  const wanted = findings.map(({ name, kind }) => `${name} ${kind}`);
  const settled = await waitForAddresses(lab, containers);
  const found = settled.ok ? await findingsOf(hostRole(lab, host)) : settled;
  return compare(text, wanted, found);
}

/** Compares every address that the book of a host gives or rests. */
export async function checkLeases(
  lab: Lab,
  { text, host, leases }: LeasesCheck & Pick<Check, "text">,
): Promise<CheckReport> {
  const wanted = leases.map((lease) =>
    lease.kind === "held" ? `${lease.container} ${lease.address}` : `resting ${lease.address}`,
  );
  const listed = await hostRole(lab, host).engine.listLeases();
  const found = mapResult(listed, (rows) =>
    rows.map((row) => ({
      line: `${row.kind === "held" ? (row.workload ?? row.endpoint) : row.kind} ${row.address}`,
      evidence: JSON.stringify(row),
    })),
  );
  return compare(text, wanted, found);
}

interface Row {
  readonly line: string;
  readonly evidence: string;
}

async function findingsOf({ engine }: HostRole): Promise<Result<readonly Row[], Problem>> {
  const listed = await engine.listEndpoints();
  if (!listed.ok) return listed;
  const workloads = new Map(
    listed.value.map(({ endpoint }) => [endpoint.id, endpoint.workload ?? endpoint.id]),
  );
  return mapResult(await engine.status(), (findings) =>
    findings.map((finding) => ({
      line: `${subjectOf(finding, workloads)} ${finding.kind}`,
      evidence: finding.detail,
    })),
  );
}

function subjectOf(finding: Finding, workloads: ReadonlyMap<EndpointId, string>): string {
  if (finding.subject === "network") return finding.network;
  return workloads.get(finding.endpoint) ?? finding.endpoint;
}

function compare(
  check: string,
  wanted: readonly string[],
  result: Result<readonly Row[], Problem>,
): CheckReport {
  const expected = inWords(wanted);
  const found = orReport(result, check, expected);
  if (!found.ok) return found.error;
  const measured = inWords(found.value.map(({ line }) => line));
  const evidence = found.value.map((row) => `${row.line}: ${row.evidence}`);
  return report({ check, expected, measured, evidence, ok: measured === expected });
}

function inWords(lines: readonly string[]): string {
  return lines.length === 0 ? "nothing" : lines.toSorted().join(", ");
}
