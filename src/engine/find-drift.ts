import { observeAddresses, observeOwnLink, openConversation } from "../attach/index.ts";
import { collect, err, mapResult, ok, type Problem, type Result } from "../base/index.ts";
import {
  type Driver,
  describeOperation,
  type Endpoint,
  type Network,
  type NetworkId,
} from "../domain/index.ts";
import type { Link } from "../netlink/index.ts";
import type { NetnsHandle } from "../platform/index.ts";
import type { Transaction } from "../store/index.ts";
import type { EngineDeps } from "./deps.ts";
import type { EndpointFinding, Finding, NetworkFinding } from "./engine.ts";
import { observeParents, type Parents, parentFinding } from "./find-parent-drift.ts";
import { type InFlight, listInFlight, updateOf } from "./in-flight.ts";
import { differencesOf } from "./link-differences.ts";
import { judge } from "./recover.ts";
import { findSandbox, isOfEarlierBoot, signOfLife } from "./sandbox-side.ts";

/**
 * Everything about which book and kernel do not say the same. What follows from a parent that is
 * gone is not told of each endpoint once more.
 */
export async function findDrift(deps: EngineDeps): Promise<Result<readonly Finding[], Problem>> {
  const inFlight = await listInFlight(deps);
  if (!inFlight.ok) return inFlight;
  const recorded = await listRecorded(deps);
  if (!recorded.ok) return recorded;
  const { networks, attached } = recorded.value;
  const opened = openConversation(deps.platform, deps.hostNamespace);
  if (!opened.ok) return opened;
  using host = opened.value;
  const parents = observeParents(host, networks);
  if (!parents.ok) return parents;
  const running = collect(inFlight.value.map((row) => inFlightFinding(deps, row)));
  if (!running.ok) return running;
  const seen = collect(attached.map((row) => lookAt(deps, row, parents.value)));
  if (!seen.ok) return seen;
  const ofParents = collect(
    networks.map((network) => {
      const hanging = seen.value.find((row) => row.network === network.id)?.hangsOn;
      return parentFinding(deps, host, { network, parents: parents.value, other: hanging });
    }),
  );
  if (!ofParents.ok) return ofParents;
  const ofEndpoints = seen.value.map((row) => row.finding);
  return ok(
    [...running.value, ...ofParents.value, ...ofEndpoints].filter((row) => row !== undefined),
  );
}

/** What was found of one endpoint. */
interface Look {
  readonly network: NetworkId;
  readonly finding: EndpointFinding | undefined;
  /** Ifindex of what its link hangs on, where the link is there. */
  readonly hangsOn?: number;
}

/** An endpoint that is attached, as the book says. */
export interface Attached {
  readonly endpoint: Endpoint;
  readonly network: Network;
  /** Which its link may have: while the network is changed, the former and the new one. */
  readonly modes: readonly Driver["mode"][];
}

interface Recorded {
  /** The user's own, and those of CNI configurations on which something hangs. */
  readonly networks: readonly Network[];
  /** Endpoints that no operation of their own is about. */
  readonly attached: readonly Attached[];
}

function listRecorded(deps: EngineDeps): Promise<Result<Recorded, Problem>> {
  return deps.store.transact((tx) => {
    const isWanted = ({ id, origin }: Network): boolean =>
      origin?.kind !== "cni" || tx.endpoints.byNetwork(id).length > 0;
    const networks = tx.networks.all().filter(isWanted);
    const byId = new Map(
      networks.map((network) => [network.id, { network, modes: modesOn(tx, network) }]),
    );
    const attached = tx.endpoints.all().flatMap((endpoint) => {
      const on = byId.get(endpoint.network);
      return on === undefined || endpoint.state !== "attached" ? [] : [{ endpoint, ...on }];
    });
    return ok({ networks, attached });
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

/** Looks at an endpoint that should be well. */
function lookAt(deps: EngineDeps, row: Attached, parents: Parents): Result<Look, Problem> {
  const network = row.network.id;
  const { sandbox } = row.endpoint;
  if (isOfEarlierBoot(deps, sandbox)) {
    const detail = "the machine was started again since";
    return ok({
      network,
      finding: finding(row, { kind: "sandbox-gone", detail, action: "collect" }),
    });
  }
  const found = findSandbox(deps, row.endpoint);
  if (!found.ok) return found;
  if (found.value.kind === "gone") {
    return mapResult(goneFinding(deps, row), (gone) => ({ network, finding: gone }));
  }
  using netns = found.value.netns;
  // One in the sandbox is none of the host's, whatever has its name there.
  const isOnHost = row.network.parentPlace !== "sandbox";
  const parent = isOnHost ? parents.get(row.network.parent) : undefined;
  return lookAtLink(deps, netns, row, parent);
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

function lookAtLink(
  deps: EngineDeps,
  netns: NetnsHandle,
  row: Attached,
  parent: Link | undefined,
): Result<Look, Problem> {
  const opened = openConversation(deps.platform, netns);
  if (!opened.ok) return opened;
  using sandbox = opened.value;
  const network = row.network.id;
  const { link, ifname } = row.endpoint;
  const own = observeOwnLink(sandbox, link);
  if (!own.ok) return own;
  if (own.value.kind === "absent") return ok({ network, finding: missingLink(row, parent) });
  if (own.value.kind === "foreign") {
    const detail = `link ${link.ifindex} in the sandbox is not ours`;
    return ok({ network, finding: finding(row, { kind: "link-foreign", detail, action: "none" }) });
  }
  const present = observeAddresses(sandbox, link.ifindex);
  if (!present.ok) return err(present.error);
  const found = differencesOf(row, { link: own.value.link, addresses: present.value, parent });
  const hangsOn = own.value.link.parent?.ifindex;
  const on = hangsOn === undefined ? {} : { hangsOn };
  if (found.differences.length === 0) return ok({ network, finding: undefined, ...on });
  const detail = `${ifname}: ${found.differences.join(", ")}`;
  return ok({ network, finding: finding(row, { ...found, detail }), ...on });
}

/** Nothing where the parent is gone: that is told once, and explains it. */
function missingLink(row: Attached, parent: Link | undefined): EndpointFinding | undefined {
  if (parent === undefined) return undefined;
  const detail = `${row.endpoint.ifname} is not in the sandbox any more`;
  return finding(row, { kind: "link-missing", detail, action: "repair" });
}
