import type { Mac } from "../addr/index.ts";
import { err, ok, type Problem, type Result } from "../base/index.ts";
import type { IfName } from "../domain/index.ts";
import { getLink, listFdb, type Rtnetlink } from "../netlink/index.ts";
import { refusalProblem } from "./refusals.ts";

/**
 * The MACs in a parent's receive filter: those of its links that are up, in every namespace
 * (macvlan_open in drivers/net/macvlan.c). Presence proves life; absence alone proves nothing.
 * Empty when there is no such parent: its links went with it.
 */
export function observeAliveMacs(
  host: Rtnetlink,
  parent: IfName,
): Result<ReadonlySet<Mac>, Problem> {
  const link = host.request(getLink({ name: parent }));
  if (!link.ok) {
    if (link.error.errno === "ENODEV") return ok(new Set());
    return err(refusalProblem(link.error, `look for ${parent}`));
  }
  const { ifindex, name } = link.value;
  const entries = host.dump(listFdb({ ifindex, name }));
  if (!entries.ok) return err(refusalProblem(entries.error, `list the MACs on ${parent}`));
  const macs = entries.value.filter((row) => row.ifindex === ifindex).map((row) => row.mac);
  // A passthru link is not listed: it has the parent's MAC, and while it is up the parent is
  // promiscuous (macvlan_open). Others make it so too, and then the doubt counts as life.
  const passthru = link.value.promiscuity > 0 ? link.value.mac : undefined;
  return ok(new Set(passthru === undefined ? macs : [...macs, passthru]));
}
