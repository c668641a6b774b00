import { discardMade, openConversation, refusalProblem } from "../attach/index.ts";
import { err, ok, type Problem, type Result } from "../base/index.ts";
import { type IfName, type Network, networkAlias, parentBusy } from "../domain/index.ts";
import {
  addLink,
  deleteLink,
  getLink,
  type Link,
  type Rtnetlink,
  setLink,
} from "../netlink/index.ts";
import type { EngineDeps } from "./deps.ts";
import { ensureVlanParent, makeVlanParent, removeVlanParent } from "./vlan-parent.ts";

/** Makes sure that a network has its parent, where it is Landfall that makes it. */
export async function ensureMadeParent(
  deps: EngineDeps,
  network: Network,
): Promise<Result<void, Problem>> {
  if (network.vlan !== undefined) return await ensureVlanParent(deps, network, network.vlan);
  return network.parentLink === "made" ? ensurePair(deps, network) : ok();
}

/** As `ensureMadeParent`, for a network that was just recorded. */
export async function makeParent(
  deps: EngineDeps,
  network: Network,
): Promise<Result<void, Problem>> {
  const { vlan } = network;
  if (vlan === undefined) return await ensureMadeParent(deps, network);
  const made = await makeVlanParent(deps, network, vlan);
  // Whoever attaches will find it, or say that it is missing still.
  return !made.ok && network.parentChecks === "due" ? ok() : made;
}

/**
 * Deletes the parent of a network that is about to be forgotten, if it was made by Landfall and no
 * other network is on it.
 */
export async function removeMadeParent(
  deps: EngineDeps,
  network: Network,
): Promise<Result<void, Problem>> {
  if (network.vlan !== undefined) return await removeVlanParent(deps, network, network.vlan);
  return network.parentLink === "made" ? removePair(deps, network) : ok();
}

/**
 * One end of a pair whose other end is plugged into nothing. A pair and not a dummy, which fewer
 * kernels have.
 */
function ensurePair(deps: EngineDeps, network: Network): Result<void, Problem> {
  const opened = openConversation(deps.platform, deps.hostNamespace);
  if (!opened.ok) return opened;
  using host = opened.value;
  const present = lookAt(deps, host, network);
  if (!present.ok) return present;
  return present.value === "absent" ? makePair(deps, host, network) : ok();
}

function removePair(deps: EngineDeps, network: Network): Result<void, Problem> {
  const opened = openConversation(deps.platform, deps.hostNamespace);
  if (!opened.ok) return opened;
  using host = opened.value;
  const present = lookAt(deps, host, network);
  if (!present.ok) return present;
  if (present.value === "absent") return ok();
  const deleted = host.request(deleteLink(present.value));
  if (deleted.ok || deleted.error.errno === "ENODEV") return ok();
  return err(refusalProblem(deleted.error, `delete ${network.parent}`));
}

function lookAt(
  deps: EngineDeps,
  host: Rtnetlink,
  network: Network,
): Result<Link | "absent", Problem> {
  const { parent } = network;
  const found = host.request(getLink({ name: parent }));
  if (!found.ok && found.error.errno === "ENODEV") return ok("absent");
  if (!found.ok) return err(refusalProblem(found.error, `look at ${parent}`));
  if (found.value.alias === networkAlias(deps.store.uuid, network.id)) return ok(found.value);
  return err(parentBusy({ parent, use: "there already, and not Landfall's", instead: undefined }));
}

function makePair(deps: EngineDeps, host: Rtnetlink, network: Network): Result<void, Problem> {
  const { parent } = network;
  const ifindex = deps.ids.ifindex();
  const peer = { name: peerOf(parent), ifindex: deps.ids.ifindex() };
  const alias = networkAlias(deps.store.uuid, network.id);
  const requests = [
    addLink({ kind: "veth", name: parent, ifindex, peer }),
    setLink({ link: { ifindex, name: parent }, alias }),
    setLink({ link: { ifindex, name: parent }, state: "up" }),
    setLink({ link: peer, state: "up" }),
  ];
  for (const request of requests) {
    const done = host.request(request);
    if (done.ok) continue;
    discardMade(host, { ifindex, name: parent });
    return err(refusalProblem(done.error, `make ${parent}`));
  }
  return ok();
}

/** The end that is plugged into nothing. */
function peerOf(parent: IfName): string {
  return `${parent}p`;
}
