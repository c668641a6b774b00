import { err, ok, type Problem, type Result } from "../base/index.ts";
import type { ConfList } from "./conf-list.ts";
import { deleteNetwork } from "./delete-network.ts";
import { isNamespace } from "./disk.ts";
import { ask, stdinOf } from "./invoke.ts";
import type { RunReport } from "./report.ts";
import { type KeptAttachment, listKept } from "./result-cache.ts";
import type { RunnerSite } from "./site.ts";
import type { AttachmentName } from "./values.ts";
import { isAtLeast } from "./versions.ts";

/**
 * What GC leaves alone: "living" is what has its network namespace still, or a namespace that was
 * never written down.
 */
export type Keep =
  | { readonly kind: "these"; readonly attachments: readonly AttachmentName[] }
  | { readonly kind: "living" };

type Collected = Extract<RunReport, { readonly event: "collected" }>;

/** See `CniRunner.collect`. */
export async function collectNetwork(
  list: ConfList,
  keep: Keep,
  site: RunnerSite,
): Promise<Result<Collected, Problem>> {
  const found = listKept(site.cacheDirectory, list.name);
  if (!found.ok) return found;
  const stale = found.value.filter((kept) => !isWanted(kept, keep));
  const problems: Problem[] = [];
  const removed: AttachmentName[] = [];
  for (const { attachment } of stale) {
    const { containerId, ifname } = attachment;
    const done = await deleteNetwork(list, attachment, site);
    if (done.ok) removed.push({ containerId, ifname });
    else problems.push(done.error);
  }
  const valid =
    keep.kind === "these"
      ? keep.attachments
      : found.value.filter((kept) => !stale.includes(kept)).map(({ attachment }) => attachment);
  const kept = valid.map(({ containerId, ifname }) => ({ containerId, ifname }));
  const report = { event: "collected", network: list.name, removed, kept } as const;
  const skipped = reasonToSkip(list);
  if (skipped === undefined) problems.push(...(await askAll(list, kept, site)));
  const [first, ...others] = problems;
  if (first !== undefined) return err(others.length === 0 ? first : { ...first, causes: others });
  return ok(skipped === undefined ? report : { ...report, skipped });
}

function isWanted({ attachment, netns }: KeptAttachment, keep: Keep): boolean {
  if (keep.kind === "living") return netns === "unknown" || isNamespace(attachment.netns);
  return keep.attachments.some(
    ({ containerId, ifname }) =>
      containerId === attachment.containerId && ifname === attachment.ifname,
  );
}

/** What the results tell is taken away all the same; only the plugins' own search is not made. */
function reasonToSkip({ cniVersion, gc }: ConfList): string | undefined {
  if (gc === "disabled") return "disableGC is set";
  return isAtLeast(cniVersion, "1.1.0") ? undefined : `version ${cniVersion} has no GC`;
}

async function askAll(
  list: ConfList,
  kept: readonly AttachmentName[],
  site: RunnerSite,
): Promise<readonly Problem[]> {
  const valid = kept.map(({ containerId, ifname }) => ({ containerID: containerId, ifname }));
  // The second key is what it was called before the specification was released.
  const keys = { "cni.dev/valid-attachments": valid, "cni.dev/attachments": valid };
  const problems: Problem[] = [];
  for (const plugin of list.plugins) {
    const stdin = { ...stdinOf(list, plugin), ...keys };
    const done = await ask(plugin.type, { command: "GC", variables: {}, stdin }, site);
    if (!done.ok) problems.push(done.error);
  }
  return problems;
}
