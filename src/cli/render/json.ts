import {
  endpointDocument,
  leaseDocument,
  networkDocument,
  reconciledDocument,
} from "../../api/index.ts";
import { type Problem, unreachable } from "../../base/index.ts";
import type { EndpointView, NetworkView } from "../../engine/index.ts";
import type { Outcome } from "../outcome.ts";

/** Scripts read these documents: keys are added, never renamed or dropped. */
const schemaVersion = 1;

/** The one JSON document of an outcome. */
export function outcomeJson(outcome: Outcome): string {
  return document(outcomeDocument(outcome));
}

/** One JSON document a line: the items of a list, or the outcome itself. */
export function outcomeJsonLines(outcome: Outcome): string {
  return outcomeItems(outcome)
    .map((item) => `${JSON.stringify(item)}\n`)
    .join("");
}

export function problemJson(problem: Problem): string {
  return document(refusalDocument(problem));
}

export function problemJsonLine(problem: Problem): string {
  return `${JSON.stringify(refusalDocument(problem))}\n`;
}

function document(content: object): string {
  return `${JSON.stringify(content, null, 2)}\n`;
}

function outcomeDocument(outcome: Outcome): object {
  switch (outcome.kind) {
    case "networks":
      return { schemaVersion, networks: outcome.networks.map(networkDocument) };
    case "network":
      return { schemaVersion, network: networkDocument(outcome.view), ...warningsOf(outcome.view) };
    case "endpoints":
      return { schemaVersion, endpoints: outcome.endpoints.map(endpointDocument) };
    case "endpoint":
      return {
        schemaVersion,
        endpoint: endpointDocument(outcome.view),
        ...warningsOf(outcome.view),
      };
    case "findings":
      return { schemaVersion, findings: outcome.findings };
    case "reconciled":
      return { schemaVersion, reconciled: outcome.reconciled.map(reconciledDocument) };
    case "leases":
      return { schemaVersion, leases: outcome.leases.map(leaseDocument) };
    case "served":
      return { schemaVersion };
    case "cni-run":
      return { schemaVersion, cni: outcome.report };
    case "install":
      return { schemaVersion, install: outcome.report };
    case "lab":
      return { schemaVersion, scenarios: outcome.report.scenarios };
    default:
      return unreachable(outcome);
  }
}

function outcomeItems(outcome: Outcome): readonly object[] {
  switch (outcome.kind) {
    case "networks":
      return outcome.networks.map((view) => ({ schemaVersion, network: networkDocument(view) }));
    case "endpoints":
      return outcome.endpoints.map((view) => ({ schemaVersion, endpoint: endpointDocument(view) }));
    case "findings":
      return outcome.findings.map((finding) => ({ schemaVersion, finding }));
    case "reconciled":
      return outcome.reconciled.map((row) => ({
        schemaVersion,
        reconciled: reconciledDocument(row),
      }));
    case "leases":
      return outcome.leases.map((view) => ({ schemaVersion, lease: leaseDocument(view) }));
    case "lab":
      return outcome.report.scenarios.map((scenario) => ({ schemaVersion, scenario }));
    default:
      return [outcomeDocument(outcome)];
  }
}

function refusalDocument(problem: Problem): object {
  return { schemaVersion, problem: problemFields(problem) };
}

function warningsOf({ warnings = [] }: NetworkView | EndpointView): object {
  return warnings.length === 0 ? {} : { warnings: warnings.map(problemFields) };
}

function problemFields({ code, title, detail, remedy, command, retryable }: Problem): object {
  return { code, title, detail, remedy, command, retryable };
}
