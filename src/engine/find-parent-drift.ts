import { refusalProblem } from "../attach/index.ts";
import { err, ok, type Problem, type Result } from "../base/index.ts";
import { type Network, networkAlias, parentAlias } from "../domain/index.ts";
import { getLink, type Link, type Rtnetlink } from "../netlink/index.ts";
import type { EngineDeps } from "./deps.ts";
import type { NetworkFinding } from "./engine.ts";

/** The parents of networks as the host has them; undefined where there is none of the name. */
export type Parents = ReadonlyMap<string, Link | undefined>;

/** Looks at the parents of these networks, each once, and at what VLANs of ours are on. */
export function observeParents(
  host: Rtnetlink,
  networks: readonly Network[],
): Result<Parents, Problem> {
  const onHost = networks.filter(({ parentPlace }) => parentPlace !== "sandbox");
  const names = onHost.flatMap(({ parent, vlan }) => [
    parent,
    ...(vlan === undefined ? [] : [vlan.on]),
  ]);
  const parents = new Map<string, Link | undefined>();
  for (const name of new Set(names)) {
    const link = host.request(getLink({ name }));
    if (!link.ok && link.error.errno !== "ENODEV") {
      return err(refusalProblem(link.error, `look for ${name}`));
    }
    parents.set(name, link.ok ? link.value : undefined);
  }
  return ok(parents);
}

/**
 * What is wrong with the parent of a network; undefined when nothing is. `other` is the ifindex of
 * what its endpoints hang on, where the parent's name leads to nothing.
 */
export function parentFinding(
  deps: EngineDeps,
  host: Rtnetlink,
  { network, parents, other }: ParentQuestion,
): Result<NetworkFinding | undefined, Problem> {
  const { parent } = network;
  if (network.parentPlace === "sandbox") return ok(undefined);
  const tell = (what: Pick<NetworkFinding, "kind" | "detail" | "action">) =>
    ok({ subject: "network" as const, network: network.name, ...what });
  const link = parents.get(parent);
  if (link !== undefined) {
    if (isRunning(link)) return ok(undefined);
    const isOurs = isMadeByUs(deps, network, link) && link.state === "down";
    const why = link.state === "down" ? "is down" : "has no carrier";
    const detail = `${parent} ${why}: nothing passes until that changes`;
    return tell({ kind: "parent-down", detail, action: isOurs ? "repair" : "none" });
  }
  if (other !== undefined) {
    const found = host.request(getLink({ ifindex: other }));
    if (!found.ok) return err(refusalProblem(found.error, `look for link ${other}`));
    const { name } = found.value;
    const cure = `ip link property add dev ${name} altname ${parent}`;
    const detail = `${parent} is called ${name} now; both names lead to it after: ${cure}`;
    return tell({ kind: "parent-renamed", detail, action: "none" });
  }
  const base = network.vlan?.on;
  const canMake = network.parentLink === "made" || (base !== undefined && parents.get(base));
  const detail = `${parent} is not there, and neither is any link on it`;
  return tell({ kind: "parent-missing", detail, action: canMake ? "repair" : "none" });
}

/** A network, and what is known of its parent. */
interface ParentQuestion {
  readonly network: Network;
  readonly parents: Parents;
  readonly other: number | undefined;
}

/** Links of some drivers know no carrier; they are as up as they can be. */
function isRunning({ state, carrier }: Link): boolean {
  return state === "up" && carrier !== false;
}

function isMadeByUs({ store }: EngineDeps, { id }: Network, { alias }: Link): boolean {
  return alias === parentAlias(store.uuid) || alias === networkAlias(store.uuid, id);
}
