import type { Ip } from "../../addr/index.ts";
import { err, ok, type Result } from "../../base/index.ts";
import { type CniError, cniError } from "../spec/error.ts";
import { poolOf } from "./host-local.ts";
import type { HostLocalConfig } from "./ipam.ts";

/**
 * Which address each set is asked for, in the order of the sets; undefined where any will do. Every
 * address that was asked for has to be in a set of its own, and no router's.
 */
export function requestedOfSets({
  sets,
  requested,
}: Pick<HostLocalConfig, "sets" | "requested">): Result<readonly (Ip | undefined)[], CniError> {
  const left = new Set(requested);
  const wishes: (Ip | undefined)[] = [];
  for (const [index, pools] of sets.entries()) {
    const wish = [...left].find((address) => poolOf(pools, address) !== undefined);
    if (wish !== undefined && poolOf(pools, wish)?.gateway === wish) {
      const reason = `requested ip ${wish} is subnet's gateway`;
      return err(cniError("invalidConfig", `failed to allocate for range ${index}: ${reason}`));
    }
    if (wish !== undefined) left.delete(wish);
    wishes.push(wish);
  }
  if (left.size === 0) return ok(wishes);
  return err(
    cniError("invalidConfig", `failed to allocate all requested IPs: ${[...left].join(" ")}`),
  );
}
