import { ok, type Problem, type Result, unreachable } from "../base/index.ts";
import type { Keep } from "./collect-network.ts";
import type { ConfList } from "./conf-list.ts";
import { pluginExecutor } from "./execute-plugin.ts";
import { loadConfList } from "./load-conf-list.ts";
import type { RunReport } from "./report.ts";
import { findKept } from "./result-cache.ts";
import { openCniRunner } from "./runner.ts";
import type { Attachment, AttachmentName, CniNetworkName } from "./values.ts";

/** What to do with a network of a configuration directory. */
export type RunRequest = RunPlaces & {
  readonly network: CniNetworkName;
} & (
    | { readonly operation: "add" | "check"; readonly attachment: Attachment }
    | { readonly operation: "del"; readonly attachment: Detachment }
    | { readonly operation: "gc"; readonly keep: Keep }
    | { readonly operation: "status" | "versions" }
  );

/** What a DEL need not be told is what the ADD was told. */
export type Detachment = AttachmentName & Partial<Attachment>;

/** The directories of a runtime. */
export interface RunPlaces {
  readonly confDirectory: string;
  readonly pluginDirectories: readonly string[];
  readonly cacheDirectory: string;
}

/** What a run gets of the process. */
export interface RunSurroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

/** Does one operation as a runtime does it. Errors: those of loadConfList and of CniRunner. */
export async function runRequest(
  request: RunRequest,
  { env, signal }: RunSurroundings,
): Promise<Result<RunReport, Problem>> {
  const list = findList(request);
  if (!list.ok) return list;
  const { pluginDirectories: directories, cacheDirectory } = request;
  const runner = openCniRunner({ directories, cacheDirectory, env, run: pluginExecutor(), signal });
  switch (request.operation) {
    case "add":
      return await runner.add(list.value, request.attachment);
    case "check":
      return await runner.check(list.value, request.attachment);
    case "del": {
      const attachment = completeByKept(request);
      return attachment.ok ? await runner.del(list.value, attachment.value) : attachment;
    }
    case "gc":
      return await runner.collect(list.value, request.keep);
    case "status":
      return await runner.status(list.value);
    case "versions":
      return await runner.versions(list.value);
    default:
      return unreachable(request);
  }
}

/** What was added can be taken away when its configuration is gone, as long as the result is. */
function findList(request: RunRequest): Result<ConfList, Problem> {
  const loaded = loadConfList(request.confDirectory, request.network);
  if (loaded.ok || request.operation !== "del") return loaded;
  const kept = findKept(request.cacheDirectory, request.network, request.attachment);
  if (!kept.ok) return kept;
  return kept.value?.list === undefined ? loaded : ok(kept.value.list);
}

function completeByKept({
  cacheDirectory,
  network,
  attachment,
}: Extract<RunRequest, { readonly operation: "del" }>): Result<Attachment, Problem> {
  const kept = findKept(cacheDirectory, network, attachment);
  if (!kept.ok) return kept;
  const nothing = { netns: "", args: [], capabilityArgs: {} };
  return ok({ ...nothing, ...kept.value?.attachment, ...attachment });
}
