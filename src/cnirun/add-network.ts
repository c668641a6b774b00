import { err, ok, type Problem, type Result } from "../base/index.ts";
import type { ConfList } from "./conf-list.ts";
import { undoNetwork } from "./delete-network.ts";
import { ask, parseResult, stdinOf, variablesOf } from "./invoke.ts";
import type { JsonObject } from "./json.ts";
import { alreadyAdded } from "./problems.ts";
import type { AddedAttachment } from "./report.ts";
import { findKept, keepResult } from "./result-cache.ts";
import type { RunnerSite } from "./site.ts";
import type { Attachment } from "./values.ts";

/** See `CniRunner.add`. */
export async function addNetwork(
  list: ConfList,
  attachment: Attachment,
  site: RunnerSite,
): Promise<Result<{ readonly event: "added" } & AddedAttachment, Problem>> {
  const { name: network } = list;
  const { containerId, ifname } = attachment;
  const kept = findKept(site.cacheDirectory, network, attachment);
  if (!kept.ok) return kept;
  if (kept.value !== undefined) return err(alreadyAdded({ network, containerId, ifname }));
  const result = await runAndKeep(list, attachment, site);
  if (result.ok) return ok({ event: "added", network, containerId, ifname, result: result.value });
  const causes = await undoNetwork(list, attachment, site);
  return err(causes.length === 0 ? result.error : { ...result.error, causes });
}

async function runAndKeep(
  list: ConfList,
  attachment: Attachment,
  site: RunnerSite,
): Promise<Result<JsonObject, Problem>> {
  const result = await runAll(list, attachment, site);
  if (!result.ok) return result;
  const kept = keepResult(site.cacheDirectory, list, attachment, result.value);
  return kept.ok ? result : kept;
}

/** The last plugin's result. */
async function runAll(
  list: ConfList,
  attachment: Attachment,
  site: RunnerSite,
): Promise<Result<JsonObject, Problem>> {
  const { capabilityArgs } = attachment;
  let prevResult: JsonObject | undefined;
  for (const plugin of list.plugins) {
    const before = prevResult === undefined ? {} : { prevResult };
    const stdin = stdinOf(list, plugin, { ...before, capabilityArgs });
    const question = { command: "ADD", variables: variablesOf(attachment), stdin } as const;
    const answer = await ask(plugin.type, question, site);
    if (!answer.ok) return answer;
    const result = parseResult(list, plugin.type, answer.value);
    if (!result.ok) return result;
    prevResult = result.value;
  }
  return ok(prevResult ?? {});
}
