import { mapResult, ok, type Problem, type Result } from "../../base/index.ts";
import type { EndpointId } from "../../domain/index.ts";
import type { Finding, LeaseView, LocalEngine } from "../../engine/index.ts";
import type { Check, LeasesCheck, StatusCheck } from "../format/scenario.ts";
import type { CheckReport } from "../report.ts";
import { hostRole, type Lab } from "../world/lab.ts";
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
  const found = settled.ok ? await withBook(lab, host, findingsOf) : settled;
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
  return compare(text, wanted, await withBook(lab, host, leasesOf));
}

/** Asks the engine on whose book the host's containers are. */
async function withBook<T>(
  lab: Lab,
  host: string,
  ask: (engine: LocalEngine) => Promise<Result<T, Problem>>,
): Promise<Result<T, Problem>> {
  const role = hostRole(lab, host);
  const opened = role.door.openBook?.(lab.node(host)) ?? ok(undefined);
  if (!opened.ok) return opened;
  using book = opened.value;
  return await ask(book?.engine ?? role.engine);
}

interface Row {
  readonly line: string;
  readonly evidence: string;
}

async function leasesOf(engine: LocalEngine): Promise<Result<readonly Row[], Problem>> {
  const names = await namesOf(engine);
  if (!names.ok) return names;
  return mapResult(await engine.listLeases(), (rows) =>
    rows.map((row) => ({
      line: `${whose(row, names.value)} ${row.address}`,
      evidence: JSON.stringify(row),
    })),
  );
}

async function findingsOf(engine: LocalEngine): Promise<Result<readonly Row[], Problem>> {
  const names = await namesOf(engine);
  if (!names.ok) return names;
  return mapResult(await engine.status(), (findings) =>
    findings.map((finding) => ({
      line: `${subjectOf(finding, names.value)} ${finding.kind}`,
      evidence: finding.detail,
    })),
  );
}

function whose(row: LeaseView, names: ReadonlyMap<EndpointId, string>): string {
  return row.kind === "held" ? (names.get(row.endpoint) ?? row.endpoint) : row.kind;
}

/** Containers by their endpoints, as the file calls them. */
async function namesOf(
  engine: LocalEngine,
): Promise<Result<ReadonlyMap<EndpointId, string>, Problem>> {
  return mapResult(
    await engine.listEndpoints(),
    (views) =>
      new Map(
        views.map(({ endpoint: { id, workload, attachment } }) => [
          id,
          workload ?? attachment?.containerId ?? id,
        ]),
      ),
  );
}

function subjectOf(finding: Finding, names: ReadonlyMap<EndpointId, string>): string {
  if (finding.subject === "network") return finding.network;
  return names.get(finding.endpoint) ?? finding.endpoint;
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
