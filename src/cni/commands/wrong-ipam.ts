import { err, type Result } from "../../base/index.ts";
import { missingIpam } from "../conf/missing-ipam.ts";
import type { AttachmentCall, NetworkCall } from "../spec/call.ts";
import { type CniError, cniError } from "../spec/error.ts";
import { member } from "../spec/json.ts";

/** The error of a configuration whose IPAM is not the one that was started. */
export function wrongIpam(
  plugin: "host-local" | "static",
  { config }: AttachmentCall | NetworkCall,
): Result<never, CniError> {
  if ((member(config.object, "ipam") ?? null) === null) return err(missingIpam);
  const msg = `"ipam.type" of ${config.name} is not ${plugin}, which was started for it`;
  return err(cniError("invalidConfig", msg));
}
