import { openConversation, refusalProblem } from "../attach/index.ts";
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

/**
 * Makes sure that a network without a LAN has its parent: one end of a pair whose other end is
 * plugged into nothing. A pair and not a dummy, which fewer kernels have.
 */
export function ensureMadeParent(deps: EngineDeps, network: Network): Result<void, Problem> {
  if (network.parentLink !== "made") return ok();
  const opened = openConversation(deps.platform, deps.hostNamespace);
  if (!opened.ok) return opened;
  using host = opened.value;
  const present = lookAt(deps, host, network);
  if (!present.ok) return present;
  return present.value === "absent" ? makePair(deps, host, network) : ok();
}

/** Deletes the parent of a network without a LAN, if it is there and ours. */
export function removeMadeParent(deps: EngineDeps, network: Network): Result<void, Problem> {
  if (network.parentLink !== "made") return ok();
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
    // What is there has our name or our mark; without it nothing is.
    if (request !== requests[0]) host.request(deleteLink({ ifindex, name: parent }));
    return err(refusalProblem(done.error, `make ${parent}`));
  }
  return ok();
}

/** The end that is plugged into nothing. */
function peerOf(parent: IfName): string {
  return `${parent}p`;
}
