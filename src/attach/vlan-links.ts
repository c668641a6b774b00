import { err, ok, type Problem, type Result } from "../base/index.ts";
import {
  type IfName,
  type LinkAlias,
  parentBusy,
  type VlanStack,
  type VlanTag,
  vlanLinkName,
} from "../domain/index.ts";
import {
  addLink,
  deleteLink,
  getLink,
  type Link,
  listLinks,
  type NetlinkRefusal,
  type Rtnetlink,
  setLink,
} from "../netlink/index.ts";
import { creationProblem, refusalProblem } from "./refusals.ts";

/** The link of one tag of a VLAN. */
export interface VlanLevel {
  /** What it is called when it is made. */
  readonly name: IfName;
  readonly tag: VlanTag;
  /** As it is on the host; absent: not made yet. */
  readonly link?: Link;
}

/** The links of a VLAN, outermost tag first; undefined where the link that it is on is missing. */
export function observeVlan(
  host: Rtnetlink,
  stack: VlanStack,
): Result<readonly VlanLevel[] | undefined, Problem> {
  const links = host.dump(listLinks());
  if (!links.ok) return err(refusalProblem(links.error, "list links"));
  const base = links.value.find(({ name }) => name === stack.on);
  if (base === undefined) return ok(undefined);
  let below: Link | undefined = base;
  const levels: VlanLevel[] = [];
  for (const [index, tag] of stack.tags.entries()) {
    below = below && links.value.find((link) => isVlanOn(link, below, tag));
    const name = vlanLinkName({ on: stack.on, tags: stack.tags.slice(0, index + 1) });
    levels.push({ name, tag, ...(below === undefined ? {} : { link: below }) });
  }
  return ok(levels);
}

function isVlanOn({ details, parent }: Link, below: Link | undefined, tag: VlanTag): boolean {
  if (details?.kind !== "vlan" || below === undefined) return false;
  if (parent?.ifindex !== below.ifindex || parent.netnsid !== undefined) return false;
  return details.id === tag.id && (details.protocol ?? "802.1Q") === tag.protocol;
}

/** The VLAN that a link is, down to what is none; undefined for any other link. */
export function observeVlanStack(
  host: Rtnetlink,
  link: Link,
): Result<VlanStack | undefined, Problem> {
  const tags: VlanTag[] = [];
  let at = link;
  while (at.details?.kind === "vlan") {
    const { id, protocol = "802.1Q" } = at.details;
    // Its device is in another namespace, or the kernel is newer than this program.
    if (at.parent === undefined || at.parent.netnsid !== undefined) return ok(undefined);
    if (id === undefined || typeof protocol === "number") return ok(undefined);
    tags.unshift({ id: id as VlanTag["id"], protocol });
    const below = host.request(getLink({ ifindex: at.parent.ifindex }));
    if (!below.ok) return err(refusalProblem(below.error, `look at what ${at.name} is on`));
    at = below.value;
  }
  return ok(tags.length === 0 ? undefined : { on: at.name as IfName, tags });
}

/** How new links of a VLAN are made. */
export interface VlanMaking {
  /** Their mark. */
  readonly alias: LinkAlias;
  readonly nextIfindex: () => number;
}

/**
 * Makes those links of a VLAN that are missing, each up and marked, and returns the innermost. What
 * was made is deleted again when a later one is refused.
 */
export function makeVlan(
  host: Rtnetlink,
  base: Link,
  levels: readonly VlanLevel[],
  making: VlanMaking,
): Result<Link, Problem> {
  let below = base;
  const made: Link[] = [];
  for (const { name, tag, link } of levels) {
    const next = link === undefined ? makeLevel(host, below, { name, tag }, making) : ok(link);
    if (!next.ok) {
      for (const left of made.toReversed()) discardMade(host, left);
      return next;
    }
    if (link === undefined) made.push(next.value);
    below = next.value;
  }
  return ok(below);
}

/**
 * `ip link add link PARENT name NAME type vlan id ID`, its alias, and `up`. All in one send: a
 * process that dies in between would leave a link that nobody knows to be ours.
 */
function makeLevel(
  host: Rtnetlink,
  below: Link,
  { name, tag }: VlanLevel,
  { alias, nextIfindex }: VlanMaking,
): Result<Link, Problem> {
  const link = { ifindex: nextIfindex(), name };
  const { ifindex, name: on } = below;
  const [added, ...done] = host.execute([
    addLink({ kind: "vlan", ...link, parent: { ifindex, name: on }, ...tag }),
    setLink({ link, alias }),
    setLink({ link, state: "up" }),
  ]);
  if (added !== undefined && !added.ok) {
    discardMade(host, link);
    return err(creationRefused(host, added.error, { name, tag, below }));
  }
  for (const answer of done) {
    // On a link that is down it waits, and the kernel sets it up together with that one.
    if (answer.ok || answer.error.errno === "ENETDOWN") continue;
    discardMade(host, link);
    return err(refusalProblem(answer.error, `set up ${name}`));
  }
  const seen = host.request(getLink({ ifindex: link.ifindex }));
  if (seen.ok) return seen;
  discardMade(host, link);
  return err(refusalProblem(seen.error, `look at ${name}`));
}

/**
 * Deletes a link that was just made, or may have been: of a creation only the answer may be lost.
 * Index and name together are nobody else's.
 */
export function discardMade(
  host: Rtnetlink,
  { ifindex, name }: Pick<Link, "ifindex" | "name">,
): void {
  const found = host.request(getLink({ ifindex }));
  if (found.ok && found.value.name === name) host.request(deleteLink({ ifindex, name }));
}

/** EEXIST: the name is taken, or the VLAN, of which there is one in all namespaces together. */
function creationRefused(
  host: Rtnetlink,
  refusal: NetlinkRefusal,
  { name, tag, below }: Pick<VlanLevel, "name" | "tag"> & { readonly below: Link },
): Problem {
  const what = `VLAN ${tag.id} of ${below.name}`;
  if (refusal.errno !== "EEXIST") return creationProblem(refusal, "vlan", `make ${what}`);
  const isNameTaken = host.request(getLink({ name })).ok;
  const use = isNameTaken
    ? `there already, and not ${what}`
    : `${what}, whose link is in another namespace`;
  return parentBusy({ parent: name, use, instead: undefined });
}

/** Deletes a link of a VLAN if it has this mark. */
export function removeMarked(
  host: Rtnetlink,
  name: IfName,
  alias: LinkAlias,
): Result<void, Problem> {
  const found = host.request(getLink({ name }));
  if (!found.ok) {
    return found.error.errno === "ENODEV"
      ? ok()
      : err(refusalProblem(found.error, `look at ${name}`));
  }
  if (found.value.alias !== alias) return ok();
  const { ifindex } = found.value;
  const deleted = host.request(deleteLink({ ifindex, name }));
  if (deleted.ok || deleted.error.errno === "ENODEV") return ok();
  return err(refusalProblem(deleted.error, `delete ${name}`));
}
