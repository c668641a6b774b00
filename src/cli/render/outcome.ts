import { unreachable } from "../../base/index.ts";
import type { Finding } from "../../engine/index.ts";
import type { Globals } from "../command.ts";
import type { EndpointEvent, NetworkEvent, Outcome } from "../outcome.ts";
import { cniRunIds, cniRunText } from "./cni-run.ts";
import { findingsTable, reconciledTable } from "./findings.ts";
import { afterInstall, changedFiles, installTable } from "./install.ts";
import { outcomeJson, outcomeJsonLines } from "./json.ts";
import type { Look, Paint } from "./look.ts";
import { demoText, labRunText } from "./scenario.ts";
import {
  endpointProperties,
  endpointTable,
  leaseTable,
  networkProperties,
  networkTable,
} from "./tables.ts";

/** Data for stdout, words for stderr. */
export interface Rendered {
  readonly stdout: string;
  readonly stderr: string;
}

export interface Looks {
  readonly stdout: Look;
  readonly stderr: Look;
}

/** How an outcome is told. */
export function renderOutcome(outcome: Outcome, globals: Globals, looks: Looks): Rendered {
  switch (globals.format) {
    case "json":
      return { stdout: outcomeJson(outcome), stderr: "" };
    case "jsonl":
      return { stdout: outcomeJsonLines(outcome), stderr: "" };
    case "table": {
      if (globals.verbosity === "quiet") return { stdout: lines(idsOf(outcome)), stderr: "" };
      const text = outcomeText(outcome, looks.stdout.paint);
      const hint = looks.stdout.reader === "person" ? hintOf(outcome) : undefined;
      const next = looks.stderr.reader === "person" ? nextCommand(outcome) : undefined;
      return {
        stdout: text + (hint === undefined ? "" : `${looks.stdout.paint("note", `# ${hint}`)}\n`),
        stderr: next === undefined ? "" : `${looks.stderr.paint("note", "next:")} ${next}\n`,
      };
    }
    default:
      return unreachable(globals.format);
  }
}

function outcomeText(outcome: Outcome, paint: Paint): string {
  switch (outcome.kind) {
    case "networks":
      return networkTable(outcome.networks, paint);
    case "network":
      return outcome.event === "removed"
        ? lines(idsOf(outcome))
        : networkProperties(outcome.view, paint);
    case "endpoints":
      return endpointTable(outcome.endpoints, paint);
    case "endpoint":
      return outcome.event === "detached"
        ? lines(idsOf(outcome))
        : endpointProperties(outcome.view, paint);
    case "findings":
      return findingsTable(outcome.findings, paint);
    case "reconciled":
      return reconciledTable(outcome.reconciled, paint);
    case "leases":
      return outcome.event === "released"
        ? lines(idsOf(outcome))
        : leaseTable(outcome.leases, paint);
    case "served":
      return "";
    case "cni-run":
      return cniRunText(outcome.report, paint);
    case "install":
      return installTable(outcome.report, paint);
    case "lab":
      return outcome.event === "demo"
        ? demoText(outcome.report, paint)
        : labRunText(outcome.report, paint);
    default:
      return unreachable(outcome);
  }
}

/** What other commands take: names, ids and addresses; of a lab, the scenarios that failed. */
function idsOf(outcome: Outcome): readonly string[] {
  switch (outcome.kind) {
    case "networks":
      return outcome.networks.map((view) => view.network.name);
    case "network":
      return [outcome.view.network.name];
    case "endpoints":
      return outcome.endpoints.map((view) => view.endpoint.id);
    case "endpoint":
      return [outcome.view.endpoint.id];
    case "findings":
      return outcome.findings.map(idOf);
    case "reconciled":
      return outcome.reconciled.map(({ finding }) => idOf(finding));
    case "leases":
      return outcome.leases.map((view) => view.address);
    case "served":
      return [];
    case "cni-run":
      return cniRunIds(outcome.report);
    case "install":
      return changedFiles(outcome.report);
    case "lab":
      return outcome.report.scenarios.flatMap(({ id, status }) => (status === "fail" ? [id] : []));
    default:
      return unreachable(outcome);
  }
}

function idOf(finding: Finding): string {
  return finding.subject === "endpoint" ? finding.endpoint : finding.network;
}

function hintOf(outcome: Outcome): string | undefined {
  if (outcome.kind === "networks" && outcome.networks.length === 0) {
    return "Create one: landfall net create lan --parent LINK --subnet PREFIX";
  }
  if (outcome.kind === "endpoints" && outcome.endpoints.length === 0) {
    return "Attach one: landfall attach NETWORK --netns NAME";
  }
  if (outcome.kind === "findings") {
    return outcome.findings.some(({ action }) => action !== "none")
      ? "Mend it: landfall reconcile"
      : undefined;
  }
  return undefined;
}

function nextCommand(outcome: Outcome): string | undefined {
  switch (outcome.kind) {
    case "network":
      return afterNetwork(outcome.event, outcome.view.network.name);
    case "endpoint":
      return afterEndpoint(outcome.event, outcome.view.endpoint.id);
    case "install":
      return afterInstall(outcome.report);
    case "lab":
      return outcome.event === "demo" ? "landfall net create --help" : undefined;
    default:
      return undefined;
  }
}

function afterNetwork(event: NetworkEvent, name: string): string | undefined {
  return event === "created" ? `landfall attach ${name} --netns NAME` : undefined;
}

function afterEndpoint(event: EndpointEvent, id: string): string | undefined {
  return event === "attached" ? `landfall detach ${id}` : undefined;
}

function lines(items: readonly string[]): string {
  return items.map((item) => `${item}\n`).join("");
}
