import { err, ok, type Result } from "../../base/index.ts";
import { type Mtu, parseMtu } from "../../domain/index.ts";
import { type CniError, cniError, cniErrorOf } from "../spec/error.ts";

/** `mtu` of a configuration; undefined for 0, the parent's. */
export function readMtu(mtu: number): Result<Mtu | undefined, CniError> {
  if (mtu === 0) return ok(undefined);
  if (mtu < 0) return err(invalidMtu(mtu, "master MTU"));
  const parsed = parseMtu(mtu);
  return parsed.ok ? parsed : err(cniErrorOf(parsed.error));
}

/** The error, in the reference's words, of an MTU that is larger than the parent's. */
export function mtuAboveParent(mtu: Mtu, parentMtu: number): CniError {
  return invalidMtu(mtu, `master MTU(${parentMtu})`);
}

function invalidMtu(mtu: number, limit: string): CniError {
  return cniError("invalidConfig", `invalid MTU ${mtu}, must be [0, ${limit}]`);
}
