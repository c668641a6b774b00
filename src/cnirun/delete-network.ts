import { ok, type Problem, type Result } from "../base/index.ts";
import type { ConfList, PluginConf } from "./conf-list.ts";
import { isNamespace } from "./disk.ts";
import { ask, stdinOf, variablesOf } from "./invoke.ts";
import type { JsonObject } from "./json.ts";
import type { RunReport } from "./report.ts";
import { findKept, forget } from "./result-cache.ts";
import type { RunnerSite } from "./site.ts";
import type { Attachment } from "./values.ts";
import { isAtLeast } from "./versions.ts";

type Deleted = Extract<RunReport, { readonly event: "deleted" }>;

/** See `CniRunner.del`. */
export async function deleteNetwork(
  given: ConfList,
  attachment: Attachment,
  site: RunnerSite,
): Promise<Result<Deleted, Problem>> {
  const { containerId, ifname } = attachment;
  const kept = findKept(site.cacheDirectory, given.name, attachment);
  if (!kept.ok) return kept;
  // What was added is what is taken away, whatever the file says by now.
  const list = kept.value?.list ?? given;
  // Plugins may skip what is "", and fail where a path leads to something else.
  const netns = isNamespace(attachment.netns) ? attachment.netns : "";
  const facts = { attachment: { ...attachment, netns }, prevResult: kept.value?.result };
  for (const plugin of list.plugins.toReversed()) {
    const done = await deleteOne(list, plugin, facts, site);
    // A plugin that could not let go keeps those before it from losing what it needs.
    if (!done.ok) return done;
  }
  const forgotten = forget(site.cacheDirectory, given.name, attachment);
  return forgotten.ok
    ? ok({ event: "deleted", network: given.name, containerId, ifname })
    : forgotten;
}

/** DEL of all plugins after a failed ADD, those after a failing one too; what remains undone. */
export async function undoNetwork(
  list: ConfList,
  attachment: Attachment,
  site: RunnerSite,
): Promise<readonly Problem[]> {
  // Called off or not, what was begun is undone.
  const undisturbed = { ...site, signal: new AbortController().signal };
  const problems: Problem[] = [];
  for (const plugin of list.plugins.toReversed()) {
    const facts = { attachment, prevResult: undefined };
    const done = await deleteOne(list, plugin, facts, undisturbed);
    if (!done.ok) problems.push(done.error);
  }
  return problems;
}

interface DeleteFacts {
  readonly attachment: Attachment;
  readonly prevResult: JsonObject | undefined;
}

function deleteOne(
  list: ConfList,
  plugin: PluginConf,
  { attachment, prevResult }: DeleteFacts,
  site: RunnerSite,
): Promise<Result<string, Problem>> {
  const { capabilityArgs } = attachment;
  const tells = prevResult !== undefined && isAtLeast(list.cniVersion, "0.4.0");
  const stdin = stdinOf(list, plugin, { ...(tells ? { prevResult } : {}), capabilityArgs });
  const question = { command: "DEL", variables: variablesOf(attachment), stdin } as const;
  return ask(plugin.type, question, site);
}
