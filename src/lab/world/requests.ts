import { err, ok, type Problem, type Result } from "../../base/index.ts";
import { kernelLacks, kernelRefused, notPermitted } from "../../domain/index.ts";
import { getLink, type Link, type NetlinkRefusal, type Request } from "../../netlink/index.ts";
import type { RunningNode } from "./lab.ts";

/** Sends all requests about a node; the first refusal is a Problem. */
export function send(
  node: Pick<RunningNode, "name" | "link">,
  requests: readonly Request[],
): Result<void, Problem> {
  for (const answer of node.link.execute(requests)) {
    if (!answer.ok) return err(refusedOn(node.name, answer.error));
  }
  return ok();
}

/** The link with this name in the namespace of a node. */
export function findLink(node: RunningNode, name: string): Result<Link, Problem> {
  const found = node.link.request(getLink({ name }));
  return found.ok ? found : err(refusedOn(node.name, found.error));
}

/** A refusal while the lab was built or asked. */
export function refusedOn(node: string, refusal: NetlinkRefusal): Problem {
  const { errno, message = "", attribute, command } = refusal;
  const action = `change or read node ${node}`;
  if (errno === "EPERM") return notPermitted({ action, errno, command });
  if (errno === "EOPNOTSUPP") {
    return kernelLacks({ feature: "this kind of link", errno, message, command });
  }
  return kernelRefused({ action, errno, message, attribute, command });
}
