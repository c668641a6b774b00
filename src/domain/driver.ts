import { err, ok, type Problem, type Result } from "../base/index.ts";
import { driverUnknown, modeUnknown, modeUnsupported } from "./problems.ts";

/** How an endpoint's link hangs on its parent. A new member is a type error wherever it matters. */
export type Driver = { readonly kind: "macvlan"; readonly mode: "bridge" };

/** Spelled as iproute2 spells them. */
export const driverModes = {
  macvlan: ["bridge", "private", "vepa", "passthru", "source"],
  ipvlan: ["l2", "l3", "l3s"],
} as const;

/** A driver from its name and mode, as users and configurations give them. */
export function parseDriver(kind: string, mode?: string): Result<Driver, Problem> {
  if (kind !== "macvlan" && kind !== "ipvlan") return err(driverUnknown({ driver: kind }));
  const modes: readonly string[] = driverModes[kind];
  const wanted = mode ?? modes[0] ?? "";
  if (!modes.includes(wanted)) return err(modeUnknown({ driver: kind, mode: wanted, modes }));
  if (kind === "macvlan" && wanted === "bridge") return ok({ kind, mode: wanted });
  return err(modeUnsupported({ driver: kind, mode: wanted }));
}

/** "macvlan bridge", as in tables. */
export function formatDriver(driver: Driver): string {
  return `${driver.kind} ${driver.mode}`;
}
