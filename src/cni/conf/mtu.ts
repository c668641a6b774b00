import { err, ok, type Result } from "../../base/index.ts";
import { type Mtu, parseMtu } from "../../domain/index.ts";
import { type CniError, cniError, cniErrorOf } from "../spec/error.ts";

/** `mtu` of a configuration; undefined for 0, the parent's. The engine knows how large that is. */
export function readMtu(mtu: number): Result<Mtu | undefined, CniError> {
  if (mtu === 0) return ok(undefined);
  if (mtu < 0) {
    return err(cniError("invalidConfig", `invalid MTU ${mtu}, must be [0, master MTU]`));
  }
  const parsed = parseMtu(mtu);
  return parsed.ok ? parsed : err(cniErrorOf(parsed.error));
}
