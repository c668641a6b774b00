import type { NetworkConfig } from "../spec/call.ts";
import { isObject, type Json, type JsonObject, member } from "../spec/json.ts";

/**
 * What DEL and GC need of a configuration: read without complaint, because what an ADD left must
 * go even when somebody has broken the configuration since.
 */

const DEFAULT_DATA_DIR = "/var/lib/cni/networks";

/** Whose addresses the attachments of a configuration have; undefined where it names nobody. */
export function ipamTypeOf({ object }: NetworkConfig): string | undefined {
  return textMember(ipamOf(object), "type");
}

/** Where `host-local` keeps the files of a network; undefined for a path that is not absolute. */
export function hostLocalDirectory({ object, name }: NetworkConfig): string | undefined {
  const dataDir = dataDirOf(ipamOf(object)) ?? DEFAULT_DATA_DIR;
  if (!dataDir.startsWith("/")) return undefined;
  return `${dataDir.replace(/\/+$/, "")}/${name}`;
}

/** What `host-local`'s configuration says of it. */
export function dataDirOf(ipam: Json | undefined): string | undefined {
  return textMember(ipam, "dataDir");
}

function ipamOf(object: JsonObject): Json | undefined {
  return member(object, "ipam");
}

function textMember(value: Json | undefined, key: string): string | undefined {
  const found = isObject(value) ? member(value, key) : undefined;
  return typeof found === "string" && found !== "" ? found : undefined;
}
