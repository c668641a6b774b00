import { err, ok, type Result } from "../../base/index.ts";
import type { CniArgs } from "../spec/args.ts";
import type { NetworkConfig } from "../spec/call.ts";
import { type CniError, cniError } from "../spec/error.ts";
import { fields, text } from "../spec/json.ts";
import { parseHostLocal } from "./host-local.ts";
import type { IpamConfig } from "./ipam.ts";
import { parseStatic } from "./static.ts";

const typeFields = fields({ ipam: fields({ type: text }) });

/** Where the addresses come from: whatever `ipam` says, nowhere when it says nothing. */
export function parseIpam(config: NetworkConfig, args: CniArgs): Result<IpamConfig, CniError> {
  const decoded = typeFields(config.object, "");
  if (!decoded.ok) return decoded;
  const { type = "" } = decoded.value.ipam ?? {};
  switch (type) {
    case "":
      return ok({ kind: "none" });
    case "host-local":
      return parseHostLocal(config, args);
    case "static":
      return parseStatic(config, args);
    default:
      // It names a file in one of the directories of CNI_PATH.
      return type.includes("/") || type.includes("\0") || type === "." || type === ".."
        ? err(cniError("invalidConfig", `invalid plugin name: ${type}`))
        : ok({ kind: "foreign", type });
  }
}
