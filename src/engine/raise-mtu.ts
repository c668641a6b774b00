import { openConversation, refusalProblem } from "../attach/index.ts";
import { err, ok, type Problem, type Result } from "../base/index.ts";
import type { EndpointId } from "../domain/index.ts";
import { getLink, setLink } from "../netlink/index.ts";
import type { EngineDeps } from "./deps.ts";
import { wantedMtu } from "./link-differences.ts";
import { findSandbox } from "./sandbox-side.ts";

/** Gives a link the MTU back that it should have, where its parent allows that again. */
export async function raiseMtu(
  deps: EngineDeps,
  id: EndpointId,
): Promise<Result<"done" | "left", Problem>> {
  const known = await deps.store.transact((tx) => {
    const endpoint = tx.endpoints.get(id);
    const parent = endpoint && tx.networks.get(endpoint.network)?.parent;
    return ok(parent === undefined ? undefined : { endpoint, parent });
  });
  if (!known.ok || known.value?.endpoint === undefined) return known.ok ? ok("left") : known;
  const { endpoint, parent: name } = known.value;
  const opened = openConversation(deps.platform, deps.hostNamespace);
  if (!opened.ok) return opened;
  using host = opened.value;
  const parent = host.request(getLink({ name }));
  if (!parent.ok) return err(refusalProblem(parent.error, `look for ${name}`));
  const found = findSandbox(deps, endpoint);
  if (!found.ok || found.value.kind === "gone") return found.ok ? ok("left") : found;
  using netns = found.value.netns;
  const inside = openConversation(deps.platform, netns);
  if (!inside.ok) return inside;
  using sandbox = inside.value;
  const link = { ifindex: endpoint.link.ifindex, name: endpoint.ifname };
  const mtu = wantedMtu(endpoint, parent.value) ?? parent.value.mtu;
  const set = sandbox.request(setLink({ link, mtu }));
  return set.ok ? ok("done") : err(refusalProblem(set.error, `set the MTU of ${link.name}`));
}
