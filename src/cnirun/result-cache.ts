import { join } from "node:path";
import { err, mapResult, ok, type Problem, type Result } from "../base/index.ts";
import { parseIfName } from "../domain/index.ts";
import { type ConfList, parseConfList } from "./conf-list.ts";
import { listNames, readText, removeFile, writePrivately } from "./disk.ts";
import { isJsonObject, type JsonObject, parseJsonObject } from "./json.ts";
import {
  type Attachment,
  type AttachmentName,
  type CniArg,
  type CniNetworkName,
  parseContainerId,
} from "./values.ts";

/** What was kept of an ADD: what it was told, and what came of it. */
export interface KeptAttachment {
  readonly attachment: Attachment;
  /** "unknown": kept by a libcni that did not write it down. */
  readonly netns: "known" | "unknown";
  /** The list as it was then; undefined where it cannot be read any more. */
  readonly list: ConfList | undefined;
  readonly result: JsonObject | undefined;
}

/** libcni's mark of such a file (`cacheInfo` of its api.go). */
const KIND = "cniCacheV1";

/** Where the result of an attachment is kept. */
export function resultPath(
  directory: string,
  network: CniNetworkName,
  { containerId, ifname }: AttachmentName,
): string {
  return join(directory, "results", `${network}-${containerId}-${ifname}`);
}

/** Keeps an ADD's result, as libcni does. Errors: LF-CNI-RUN-FILE. */
export function keepResult(
  directory: string,
  list: ConfList,
  attachment: Attachment,
  result: JsonObject,
): Result<void, Problem> {
  const { containerId, ifname, netns, args, capabilityArgs } = attachment;
  const kept = {
    kind: KIND,
    containerId,
    config: Buffer.from(list.text).toString("base64"),
    ifName: ifname,
    networkName: list.name,
    netns,
    ...(args.length === 0 ? {} : { cniArgs: args }),
    ...(Object.keys(capabilityArgs).length === 0 ? {} : { capabilityArgs }),
    result,
  };
  return writePrivately(resultPath(directory, list.name, attachment), JSON.stringify(kept));
}

/** What is kept of an attachment, undefined where nothing is. Errors: LF-CNI-RUN-FILE. */
export function findKept(
  directory: string,
  network: CniNetworkName,
  name: AttachmentName,
): Result<KeptAttachment | undefined, Problem> {
  const path = resultPath(directory, network, name);
  return mapResult(readText(path), (text) => (text === undefined ? undefined : read(path, text)));
}

/** Forgets an attachment. Errors: LF-CNI-RUN-FILE. */
export function forget(
  directory: string,
  network: CniNetworkName,
  name: AttachmentName,
): Result<void, Problem> {
  return removeFile(resultPath(directory, network, name));
}

/** Everything kept of a network. Errors: LF-CNI-RUN-FILE. */
export function listKept(
  directory: string,
  network: CniNetworkName,
): Result<readonly KeptAttachment[], Problem> {
  const folder = join(directory, "results");
  const names = listNames(folder);
  if (!names.ok) return names;
  const kept: KeptAttachment[] = [];
  // "lan-a" has files that begin like those of "lan", so what is inside decides.
  for (const name of names.value.filter((one) => one.startsWith(`${network}-`))) {
    const path = join(folder, name);
    const text = readText(path);
    if (!text.ok) return err(text.error);
    const found = read(path, text.value ?? "");
    if (found === undefined) continue;
    if (resultPath(directory, network, found.attachment) === path) kept.push(found);
  }
  return ok(kept);
}

/** A file that is none of these, or of a later kind, is as good as none. */
function read(path: string, text: string): KeptAttachment | undefined {
  const object = parseJsonObject(text);
  if (!object.ok || object.value.kind !== KIND) return undefined;
  const { config, netns, result, cniArgs, capabilityArgs } = object.value;
  const containerId = parseContainerId(String(object.value.containerId));
  const ifname = parseIfName(String(object.value.ifName));
  if (!containerId.ok || !ifname.ok) return undefined;
  const list = parseConfList(path, Buffer.from(String(config), "base64").toString());
  return {
    attachment: {
      containerId: containerId.value,
      ifname: ifname.value,
      netns: typeof netns === "string" ? netns : "",
      args: Array.isArray(cniArgs) ? cniArgs.filter(isArg) : [],
      capabilityArgs: isJsonObject(capabilityArgs) ? capabilityArgs : {},
    },
    netns: typeof netns === "string" ? "known" : "unknown",
    list: list.ok ? list.value : undefined,
    result: isJsonObject(result) ? result : undefined,
  };
}

function isArg(value: unknown): value is CniArg {
  return Array.isArray(value) && value.length === 2 && value.every((it) => typeof it === "string");
}
