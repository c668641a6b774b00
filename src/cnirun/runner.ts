import { err, ok, type Problem, type Result } from "../base/index.ts";
import { addNetwork } from "./add-network.ts";
import { collectNetwork, type Keep } from "./collect-network.ts";
import type { ConfList } from "./conf-list.ts";
import { deleteNetwork } from "./delete-network.ts";
import { ask, stdinOf, variablesOf } from "./invoke.ts";
import { notAdded, versionTooOld } from "./problems.ts";
import { readVersions } from "./read-versions.ts";
import type { PluginVersions, RunReport } from "./report.ts";
import { findKept, resultPath } from "./result-cache.ts";
import type { RunnerSite } from "./site.ts";
import type { Attachment, AttachmentName } from "./values.ts";
import { isAtLeast } from "./versions.ts";

type Reported<E extends RunReport["event"]> = Promise<
  Result<Extract<RunReport, { readonly event: E }>, Problem>
>;

/**
 * Runs the plugins of networks. Operations on one attachment must not overlap, nor `collect` any
 * other of its network: who calls sees to that, as runRequest does (specification, "Lifecycle &
 * Ordering").
 */
export interface CniRunner {
  /**
   * ADD: all plugins in order. When one fails all are asked to DEL, and what could not be undone is
   * among the causes. Errors: LF-CNI-RUN-ADDED, and those of every plugin run (PLUGIN-MISSING,
   * PLUGIN, ANSWER) and of files (FILE).
   */
  add(list: ConfList, attachment: Attachment): Reported<"added">;
  /** CHECK, with the kept result. Errors: as add, LF-CNI-RUN-NOT-ADDED, LF-CNI-RUN-VERSION. */
  check(list: ConfList, attachment: Attachment): Reported<"checked">;
  /**
   * DEL: all plugins in reverse, by the configuration of the ADD where it is kept, and ends at the
   * first that fails. What was never added is deleted with success, and a namespace that is not
   * there any more is told as "". Errors: as add.
   */
  del(list: ConfList, attachment: Attachment): Reported<"deleted">;
  /** DEL of every kept attachment that is not to be kept, then GC. Errors: as add. */
  collect(list: ConfList, keep: Keep): Reported<"collected">;
  /** STATUS: whether an ADD may succeed now. Errors: as add. */
  status(list: ConfList): Reported<"ready">;
  /** VERSION of each plugin. Errors: as add, and LF-CNI-RUN-VERSION where one cannot do it. */
  versions(list: ConfList): Reported<"versions">;
}

/** A runner on a machine. */
export function openCniRunner(site: RunnerSite): CniRunner {
  return {
    add: (list, attachment) => addNetwork(list, attachment, site),
    check: (list, attachment) => check(list, attachment, site),
    del: (list, attachment) => deleteNetwork(list, attachment, site),
    collect: (list, keep) => collectNetwork(list, keep, site),
    status: (list) => status(list, site),
    versions: (list) => versions(list, site),
  };
}

async function check(
  list: ConfList,
  attachment: Attachment,
  site: RunnerSite,
): Reported<"checked"> {
  const { name: network, cniVersion } = list;
  const report = { event: "checked", network, ...nameOf(attachment) } as const;
  if (!isAtLeast(cniVersion, "0.4.0")) {
    const reason = `its version ${cniVersion} has no CHECK`;
    return err(versionTooOld({ network, reason }));
  }
  if (list.check === "disabled") return ok({ ...report, skipped: "disableCheck is set" });
  const kept = findKept(site.cacheDirectory, network, attachment);
  if (!kept.ok) return kept;
  const prevResult = kept.value?.result;
  if (prevResult === undefined) {
    const path = resultPath(site.cacheDirectory, network, attachment);
    return err(notAdded({ network, ...nameOf(attachment), path }));
  }
  const { capabilityArgs } = attachment;
  for (const plugin of list.plugins) {
    const stdin = stdinOf(list, plugin, { prevResult, capabilityArgs });
    const question = { command: "CHECK", variables: variablesOf(attachment), stdin } as const;
    const answered = await ask(plugin.type, question, site);
    if (!answered.ok) return answered;
  }
  return ok(report);
}

async function status(list: ConfList, site: RunnerSite): Reported<"ready"> {
  const report = { event: "ready", network: list.name } as const;
  if (!isAtLeast(list.cniVersion, "1.1.0")) {
    return ok({ ...report, skipped: `version ${list.cniVersion} has no STATUS` });
  }
  for (const plugin of list.plugins) {
    const question = { command: "STATUS", variables: {}, stdin: stdinOf(list, plugin) } as const;
    const answered = await ask(plugin.type, question, site);
    if (!answered.ok) return answered;
  }
  return ok(report);
}

async function versions(list: ConfList, site: RunnerSite): Reported<"versions"> {
  const { name: network, cniVersion } = list;
  const plugins: PluginVersions[] = [];
  for (const { type } of list.plugins) {
    const supported = await readVersions(type, site);
    if (!supported.ok) return supported;
    if (!supported.value.includes(cniVersion)) {
      const known = supported.value.join(", ");
      const reason = `its version is ${cniVersion}, and ${type} knows ${known}`;
      return err(versionTooOld({ network, reason }));
    }
    plugins.push({ type, supported: supported.value });
  }
  return ok({ event: "versions", network, cniVersion, plugins });
}

function nameOf({ containerId, ifname }: Attachment): AttachmentName {
  return { containerId, ifname };
}
