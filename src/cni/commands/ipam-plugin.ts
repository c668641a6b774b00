import { err, type Result } from "../../base/index.ts";
import type { CniPorts } from "../ports.ts";
import type { AttachmentCall, NetworkCall } from "../spec/call.ts";
import { type CniError, cniError } from "../spec/error.ts";

/** One execution of an IPAM plugin of ours, for a plugin of somebody else's. */
export interface IpamContext {
  readonly ports: CniPorts;
  readonly plugin: "host-local" | "static";
  readonly signal: AbortSignal;
}

/** The error of a configuration whose IPAM is not the one that was started. */
export function wrongIpam(
  { plugin }: IpamContext,
  { config }: AttachmentCall | NetworkCall,
): Result<never, CniError> {
  const msg = `"ipam.type" of ${config.name} is not ${plugin}, which was started for it`;
  return err(cniError("invalidConfig", msg));
}
