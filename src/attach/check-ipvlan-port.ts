import { err, ok, type Problem, type Result } from "../base/index.ts";
import { formatDriver, type IpvlanDriver, ipvlanForeignMode } from "../domain/index.ts";
import { type Link, listLinks, type Rtnetlink } from "../netlink/index.ts";
import type { ParentLink } from "./observe-parent.ts";
import { refusalProblem } from "./refusals.ts";

/**
 * Refuses a driver that would change how links on the parent work that Landfall did not make. Seen
 * are those of the host's own namespace; the kernel shows nobody which others a parent has.
 */
export function checkIpvlanPort(
  host: Rtnetlink,
  parent: ParentLink,
  driver: IpvlanDriver,
): Result<void, Problem> {
  const links = host.dump(listLinks());
  if (!links.ok) return err(refusalProblem(links.error, "list links"));
  for (const link of links.value) {
    const has = driverOn(parent, link);
    if (has === undefined || formatDriver(has) === formatDriver(driver)) continue;
    const facts = { link: link.name, has: formatDriver(has), driver: formatDriver(driver) };
    return err(ipvlanForeignMode({ parent: parent.name, ...facts }));
  }
  return ok();
}

/** The mode and flag of an ipvlan link on this parent; undefined for every other link. */
function driverOn(parent: ParentLink, { details, parent: on }: Link): IpvlanDriver | undefined {
  if (details?.kind !== "ipvlan" && details?.kind !== "ipvtap") return undefined;
  if (on?.ifindex !== parent.ifindex || on.netnsid !== undefined) return undefined;
  const { mode, flags = [] } = details;
  // Of a mode that is newer than this program nothing can be said.
  if (mode === undefined || typeof mode === "number") return undefined;
  const flag = flags.find((known) => typeof known !== "number");
  return { kind: "ipvlan", mode, ...(flag === undefined ? {} : { flag }) };
}
