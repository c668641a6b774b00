import type { CniError } from "../spec/error.ts";
import { cniError } from "../spec/error.ts";
import { type CniVersion, isAtLeast } from "../spec/versions.ts";

/** The error where results of a version have no room for so many addresses of one IP version. */
export function tooManyAddresses(
  addresses: readonly (4 | 6)[],
  version: CniVersion,
): CniError | undefined {
  const isMany = addresses.length > new Set(addresses).size;
  if (!isMany || isAtLeast(version, "0.3.0")) return undefined;
  const msg = `CNI version ${version} does not support more than 1 address per family`;
  return cniError("invalidConfig", msg);
}
