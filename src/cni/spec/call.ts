import type { Result } from "../../base/index.ts";
import type { IfName } from "../../domain/index.ts";
import type { CniError } from "./error.ts";
import type { JsonObject } from "./json.ts";
import type { CniVersion } from "./versions.ts";

/** What a runtime wants of one execution of a plugin. */
export type Call = VersionCall | AttachmentCall | NetworkCall;

/** Asks for `encodeVersions`; its stdin means nothing. */
export interface VersionCall {
  readonly command: "VERSION";
}

/** About one link in one container. */
export interface AttachmentCall extends Configured {
  readonly command: "ADD" | "CHECK" | "DEL";
  readonly containerId: string;
  readonly ifname: IfName;
  /** Path of the namespace; only DEL may come without. */
  readonly netns?: string;
  /** Whether the plugin's own namespace is allowed too (CNI_NETNS_OVERRIDE). */
  readonly ownNetns: "allowed" | "refused";
  /** CNI_ARGS as it came: `parseArgs` reads it, and what is wrong in it matters only to ADD. */
  readonly args: string;
}

/** About a whole network. */
export interface NetworkCall extends Configured {
  readonly command: "GC" | "STATUS";
}

interface Configured {
  readonly config: NetworkConfig;
  /** Directories of CNI_PATH, in their order. */
  readonly path: readonly string[];
}

/** The configuration on stdin, as far as it is the same for all plugins. */
export interface NetworkConfig {
  readonly version: CniVersion;
  readonly name: string;
  readonly object: JsonObject;
  /** As it came, for plugins that this one hands the call on to. */
  readonly text: string;
}

/** Variables of the environment by their names. */
export type Environment = Readonly<Record<string, string | undefined>>;

export type ParseCall = (env: Environment, stdin: Uint8Array) => Result<Call, CniError>;
