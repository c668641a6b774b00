import { observeAddresses, observeOwnLink, openConversation } from "../attach/index.ts";
import { err, ok, type Problem, type Result } from "../base/index.ts";
import { type Driver, describeOperation, type Endpoint, type Network } from "../domain/index.ts";
import type { NetnsHandle } from "../platform/index.ts";
import type { Transaction } from "../store/index.ts";
import type { EngineDeps } from "./deps.ts";
import type { EndpointFinding, Finding, NetworkFinding } from "./engine.ts";
import { type InFlight, listInFlight, updateOf } from "./in-flight.ts";
import { judge } from "./recover.ts";
import { findSandbox, isOfEarlierBoot, signOfLife } from "./sandbox-side.ts";

/** Everything about which book and kernel do not say the same. */
export async function findDrift(deps: EngineDeps): Promise<Result<readonly Finding[], Problem>> {
  const inFlight = await listInFlight(deps);
  if (!inFlight.ok) return inFlight;
  const attached = await listAttached(deps);
  if (!attached.ok) return attached;
  const findings: Finding[] = [];
  for (const row of inFlight.value) {
    const finding = inFlightFinding(deps, row);
    if (!finding.ok) return finding;
    findings.push(finding.value);
  }
  for (const row of attached.value) {
    const finding = attachedFinding(deps, row);
    if (!finding.ok) return finding;
    if (finding.value !== undefined) findings.push(finding.value);
  }
  return ok(findings);
}

interface Attached {
  readonly endpoint: Endpoint;
  readonly network: Network;
  /** Which its link may have: while the network is changed, the former and the new one. */
  readonly modes: readonly Driver["mode"][];
}

/** Endpoints that no operation of their own is about, with their networks. */
function listAttached(deps: EngineDeps): Promise<Result<readonly Attached[], Problem>> {
  return deps.store.transact((tx) => {
    const networks = new Map(
      tx.networks.all().map((network) => [network.id, { network, modes: modesOn(tx, network) }]),
    );
    return ok(
      tx.endpoints.all().flatMap((endpoint) => {
        const on = networks.get(endpoint.network);
        return on === undefined || endpoint.state !== "attached" ? [] : [{ endpoint, ...on }];
      }),
    );
  });
}

function modesOn(tx: Transaction, { id, driver }: Network): readonly Driver["mode"][] {
  const update = updateOf(tx, id);
  return update === undefined ? [driver.mode] : [update.before.mode, update.after.mode];
}

function finding(
  { endpoint, network }: Pick<Attached, "endpoint" | "network">,
  what: Pick<EndpointFinding, "kind" | "detail" | "action">,
): EndpointFinding {
  const { id, sandbox, ifname } = endpoint;
  const subject = "endpoint";
  return { subject, endpoint: id, network: network.name, sandbox: sandbox.path, ifname, ...what };
}

function inFlightFinding(deps: EngineDeps, row: InFlight): Result<Finding, Problem> {
  const { operation } = row;
  const words = describeOperation(operation);
  const tell = (what: Pick<NetworkFinding, "kind" | "detail" | "action">): Finding =>
    row.subject === "endpoint"
      ? finding(row, what)
      : { subject: "network", network: row.network.name, ...what };
  const lock = deps.locks.acquire(operation.id);
  if (!lock.ok) {
    return ok(tell({ kind: "running", detail: `${words} is at work`, action: "none" }));
  }
  lock.value.release();
  const verdict = judge(deps, row);
  if (!verdict.ok) return verdict;
  const action = verdict.value.kind;
  const detail = `${words} was interrupted; its process is gone`;
  return ok(tell({ kind: "interrupted", detail, action }));
}

/** What is wrong with an endpoint that should be well; undefined when nothing is. */
function attachedFinding(
  deps: EngineDeps,
  row: Attached,
): Result<EndpointFinding | undefined, Problem> {
  const { sandbox } = row.endpoint;
  if (isOfEarlierBoot(deps, sandbox)) {
    const detail = "the machine was started again since";
    return ok(finding(row, { kind: "sandbox-gone", detail, action: "collect" }));
  }
  const found = findSandbox(deps, row.endpoint);
  if (!found.ok) return found;
  if (found.value.kind === "gone") return goneFinding(deps, row);
  using netns = found.value.netns;
  return linkFinding(deps, netns, row);
}

function goneFinding(deps: EngineDeps, row: Attached): Result<EndpointFinding, Problem> {
  const life = signOfLife(deps, row.endpoint, row.network);
  if (!life.ok) return life;
  if (life.value !== undefined) {
    const detail = `no path leads to the sandbox, but ${life.value} lives on ${row.network.parent}`;
    return ok(finding(row, { kind: "sandbox-unreachable", detail, action: "none" }));
  }
  const detail = "the namespace is gone, and so is the link";
  return ok(finding(row, { kind: "sandbox-gone", detail, action: "collect" }));
}

function linkFinding(
  deps: EngineDeps,
  netns: NetnsHandle,
  row: Attached,
): Result<EndpointFinding | undefined, Problem> {
  const opened = openConversation(deps.platform, netns);
  if (!opened.ok) return opened;
  using sandbox = opened.value;
  const { link, ifname, addresses } = row.endpoint;
  const own = observeOwnLink(sandbox, link);
  if (!own.ok) return own;
  if (own.value.kind === "absent") {
    const detail = `${ifname} was deleted in the sandbox`;
    return ok(finding(row, { kind: "link-missing", detail, action: "none" }));
  }
  if (own.value.kind === "foreign") {
    const detail = `link ${link.ifindex} in the sandbox is not ours`;
    return ok(finding(row, { kind: "link-foreign", detail, action: "none" }));
  }
  const present = observeAddresses(sandbox, link.ifindex);
  if (!present.ok) return err(present.error);
  const { name, state, mac, mtu, details } = own.value.link;
  const mode = details !== undefined && "mode" in details ? details.mode : undefined;
  const wanted = { mode: row.network.driver.mode, mtu: row.endpoint.mtu };
  const isExpected = mode === undefined || row.modes.some((known) => known === mode);
  const stateOf = (address: string) => present.value.find((row) => row.address === address);
  // Name, state and addresses of a link that a runtime moves are the runtime's.
  const isOurs = row.endpoint.sandbox.mover === undefined;
  const missing = isOurs ? addresses.filter((address) => stateOf(address) === undefined) : [];
  const rivalled = addresses.filter((address) => stateOf(address)?.use === "conflict");
  const differences = [
    ...(name === ifname || !isOurs ? [] : [`it is named ${name}`]),
    ...(state === "up" || !isOurs ? [] : ["it is down"]),
    ...(link.mac === undefined || mac === link.mac ? [] : [`its MAC is ${mac}, not ${link.mac}`]),
    ...(isExpected ? [] : [`its mode is ${mode}, not ${wanted.mode}`]),
    ...(wanted.mtu === undefined || mtu === wanted.mtu
      ? []
      : [`its MTU is ${mtu}, not ${wanted.mtu}`]),
    ...missing.map((address) => `${address} was taken away`),
    ...rivalled.map((address) => `another machine has ${address}, so it is not used`),
  ];
  if (differences.length === 0) return ok(undefined);
  const detail = `${ifname}: ${differences.join(", ")}`;
  const kind = rivalled.length > 0 ? "address-conflict" : "link-differs";
  return ok(finding(row, { kind, detail, action: "none" }));
}
