import { err, ok, type Problem, type Result } from "../base/index.ts";
import {
  type Driver,
  driverFlag,
  formatDriver,
  type IpvlanDriver,
  type LinkIdentity,
  type MacvlanDriver,
} from "../domain/index.ts";
import {
  type IpvlanChange,
  type Link,
  type MacvlanChange,
  type Rtnetlink,
  setLink,
} from "../netlink/index.ts";
import { observeOwnLink } from "./observe-sandbox.ts";
import type { Permit } from "./permit.ts";
import { refusalProblem } from "./refusals.ts";

/** How the link of an endpoint stands to a driver; "absent": there is no link of ours. */
export type DriverState = "same" | "other" | "absent";

/** Whether a link has the mode, flag and list of a driver. */
export function observeDriver(
  sandbox: Rtnetlink,
  identity: LinkIdentity,
  driver: Driver,
): Result<DriverState, Problem> {
  const own = observeOwnLink(sandbox, identity);
  if (!own.ok) return own;
  if (own.value.kind !== "ours") return ok("absent");
  return ok(hasDriver(own.value.link, driver) ? "same" : "other");
}

function hasDriver({ details }: Link, driver: Driver): boolean {
  if (driver.kind === "vlan") {
    return details?.kind === "vlan" && details.id === driver.id;
  }
  const flag = driverFlag(driver);
  const flags = flag === undefined ? [] : [flag];
  if (details?.kind === "ipvlan" || details?.kind === "ipvtap") {
    return details.mode === driver.mode && isSameSet(details.flags ?? [], flags);
  }
  if (details?.kind !== "macvlan" && details?.kind !== "macvtap") return false;
  const macs = driver.mode === "source" ? driver.allowedMacs : [];
  return (
    details.mode === driver.mode &&
    isSameSet(details.flags ?? [], flags) &&
    isSameSet(details.macAddresses ?? [], macs)
  );
}

function isSameSet(a: readonly unknown[], b: readonly unknown[]): boolean {
  return new Set(a).symmetricDifference(new Set(b)).size === 0;
}

/**
 * Gives a link that exists the mode, flag and list of a driver, in one message; doing it with the
 * former driver undoes it. What is not ours, or not there any more, is left as it is.
 * The kernel refuses to enter or leave mode passthru (EINVAL).
 */
export function changeDriver(
  sandbox: Rtnetlink,
  identity: LinkIdentity,
  driver: Driver,
  permit: Permit,
): Result<void, Problem> {
  // Its id and protocol are what the link is.
  if (driver.kind === "vlan") return ok();
  const own = observeOwnLink(sandbox, identity);
  if (!own.ok) return own;
  if (own.value.kind !== "ours") return ok();
  const permitted = permit(`change link ${identity.ifindex} to ${formatDriver(driver)}`);
  if (!permitted.ok) return permitted;
  const { ifindex, name, details } = own.value.link;
  const link = { ifindex, name };
  const form = details?.kind === "macvtap" || details?.kind === "ipvtap" ? "tap" : "plain";
  const changed = sandbox.request(setLink({ link, details: changeTo(driver, form) }));
  if (changed.ok) return ok();
  return err(refusalProblem(changed.error, `change ${name} to mode ${driver.mode}`));
}

function changeTo(
  driver: MacvlanDriver | IpvlanDriver,
  link: "plain" | "tap",
): MacvlanChange | IpvlanChange {
  if (driver.kind === "ipvlan") {
    const { mode, flag = "bridge" } = driver;
    return { kind: link === "tap" ? "ipvtap" : "ipvlan", mode, flag };
  }
  return { kind: link === "tap" ? "macvtap" : "macvlan", ...macvlanChange(driver) };
}

function macvlanChange(driver: MacvlanDriver): Omit<MacvlanChange, "kind"> {
  switch (driver.mode) {
    case "passthru":
      return { flags: driver.flag === undefined ? [] : [driver.flag] };
    case "source": {
      const { mode, allowedMacs: macs, flag } = driver;
      const flags = flag === undefined ? [] : [flag];
      return { mode, flags, allowedMacs: { kind: "replace", macs } };
    }
    default:
      return { mode: driver.mode, flags: [] };
  }
}
