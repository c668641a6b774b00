import { err, type Result } from "../../base/index.ts";
import type { AttachmentCall, NetworkCall } from "../spec/call.ts";
import { type CniError, cniError } from "../spec/error.ts";

/** The error of a configuration whose IPAM is not the one that was started. */
export function wrongIpam(
  plugin: "host-local" | "static",
  { config }: AttachmentCall | NetworkCall,
): Result<never, CniError> {
  const msg = `"ipam.type" of ${config.name} is not ${plugin}, which was started for it`;
  return err(cniError("invalidConfig", msg));
}
