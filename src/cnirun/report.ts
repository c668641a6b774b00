import type { JsonObject } from "./json.ts";
import type { AttachmentName, CniNetworkName } from "./values.ts";

/** An attachment, and what the plugins say of it. */
export interface AddedAttachment extends AttachmentName {
  readonly network: CniNetworkName;
  /** In the version of the configuration. */
  readonly result: JsonObject;
}

/** What was done; "skipped" tells why no plugin was asked. */
export type RunReport =
  | ({ readonly event: "added" } & AddedAttachment)
  | ({ readonly event: "checked"; readonly network: CniNetworkName } & AttachmentName &
      Partial<Skipped>)
  | ({ readonly event: "deleted"; readonly network: CniNetworkName } & AttachmentName)
  | ({
      readonly event: "collected";
      readonly network: CniNetworkName;
      /** Those that were taken away. */
      readonly removed: readonly AttachmentName[];
      readonly kept: readonly AttachmentName[];
    } & Partial<Skipped>)
  | ({ readonly event: "ready"; readonly network: CniNetworkName } & Partial<Skipped>)
  | {
      readonly event: "versions";
      readonly network: CniNetworkName;
      readonly cniVersion: string;
      readonly plugins: readonly PluginVersions[];
    };

/** Why plugins were not asked. */
interface Skipped {
  readonly skipped: string;
}

/** What one plugin can be asked. */
export interface PluginVersions {
  readonly type: string;
  readonly supported: readonly string[];
}
