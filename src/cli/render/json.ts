import { formatRange } from "../../addr/index.ts";
import { type Problem, unreachable } from "../../base/index.ts";
import { driverFlag, type ExtraRoute, tapDevice } from "../../domain/index.ts";
import type { EndpointView, LeaseView, NetworkView, Reconciled } from "../../engine/index.ts";
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
  return document(problemDocument(problem));
}

export function problemJsonLine(problem: Problem): string {
  return `${JSON.stringify(problemDocument(problem))}\n`;
}

function document(content: object): string {
  return `${JSON.stringify(content, null, 2)}\n`;
}

function outcomeDocument(outcome: Outcome): object {
  switch (outcome.kind) {
    case "networks":
      return { schemaVersion, networks: outcome.networks.map(networkJson) };
    case "network":
      return { schemaVersion, network: networkJson(outcome.view), ...warningsOf(outcome.view) };
    case "endpoints":
      return { schemaVersion, endpoints: outcome.endpoints.map(endpointJson) };
    case "endpoint":
      return { schemaVersion, endpoint: endpointJson(outcome.view), ...warningsOf(outcome.view) };
    case "findings":
      return { schemaVersion, findings: outcome.findings };
    case "reconciled":
      return { schemaVersion, reconciled: outcome.reconciled.map(reconciledJson) };
    case "leases":
      return { schemaVersion, leases: outcome.leases.map(leaseJson) };
    case "lab":
      return { schemaVersion, scenarios: outcome.report.scenarios };
    default:
      return unreachable(outcome);
  }
}

function reconciledJson({ finding, outcome, problem }: Reconciled): object {
  const cause = problem === undefined ? {} : problemDocument(problem);
  return { ...finding, outcome, ...cause, schemaVersion: undefined };
}

function outcomeItems(outcome: Outcome): readonly object[] {
  switch (outcome.kind) {
    case "networks":
      return outcome.networks.map((view) => ({ schemaVersion, network: networkJson(view) }));
    case "endpoints":
      return outcome.endpoints.map((view) => ({ schemaVersion, endpoint: endpointJson(view) }));
    case "findings":
      return outcome.findings.map((finding) => ({ schemaVersion, finding }));
    case "reconciled":
      return outcome.reconciled.map((row) => ({ schemaVersion, reconciled: reconciledJson(row) }));
    case "leases":
      return outcome.leases.map((view) => ({ schemaVersion, lease: leaseJson(view) }));
    case "lab":
      return outcome.report.scenarios.map((scenario) => ({ schemaVersion, scenario }));
    default:
      return [outcomeDocument(outcome)];
  }
}

function networkJson({ network, endpoints }: NetworkView): object {
  const { id, name, driver, parent, segment, mtu, reach, createdAt } = network;
  return {
    id,
    name,
    driver: driver.kind,
    mode: driver.mode,
    flag: driverFlag(driver),
    sources: driver.mode === "source" ? driver.allowedMacs : undefined,
    bcQueueLen: driver.bcQueueLen,
    parent,
    segment,
    subnets: network.subnets.map(({ prefix, gateway, ranges, exclusions }) => ({
      prefix,
      gateway,
      ranges: ranges.map(formatRange),
      exclusions: exclusions.map(formatRange),
    })),
    reservations: (network.reservations ?? []).map(({ workload, address }) => {
      return { workload, address };
    }),
    routes: network.routes.map(routeJson),
    mtu,
    internal: reach === "internal",
    endpoints: endpoints.map((endpoint) => endpoint.id),
    createdAt,
  };
}

function endpointJson({ endpoint, network }: EndpointView): object {
  const { id, sandbox, ifname, link, addresses, gateways, mtu, workload, state } = endpoint;
  return {
    id,
    network,
    sandbox: sandbox.path,
    ifname,
    mac: link.mac,
    tap: tapDevice(endpoint),
    addresses,
    gateway: gateways[0],
    gateways,
    routes: endpoint.routes.map(routeJson),
    mtu,
    workload,
    state,
    createdAt: endpoint.createdAt,
  };
}

function leaseJson(view: LeaseView): object {
  const { segment, address, prefix, network, endpoint, workload, origin, acquiredAt } = view;
  return {
    segment,
    address,
    prefix,
    network,
    endpoint,
    workload,
    origin,
    acquiredAt,
    state: view.kind,
    ...(view.kind === "resting" ? { until: view.until } : {}),
  };
}

function routeJson({ to, via }: ExtraRoute): object {
  return { to, via };
}

function problemDocument(problem: Problem): object {
  return { schemaVersion, problem: problemFields(problem) };
}

function warningsOf({ warnings = [] }: NetworkView | EndpointView): object {
  return warnings.length === 0 ? {} : { warnings: warnings.map(problemFields) };
}

function problemFields({ code, title, detail, remedy, command, retryable }: Problem): object {
  return { code, title, detail, remedy, command, retryable };
}
