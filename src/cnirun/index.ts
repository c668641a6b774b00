/**
 * A runtime's side of CNI: finds a network's configuration, runs its plugins in order as the
 * specification says (section "Section 2: Execution Protocol"), and keeps each result for the
 * DEL, CHECK and GC that come later, in the files and folders that libcni uses, so that either can
 * go on where the other stopped. Works with any plugins. Must not know what a plugin does, and
 * touches no network itself.
 */

export type { Keep } from "./collect-network.ts";
export type { ConfList, PluginConf } from "./conf-list.ts";
export { parseConf, parseConfList } from "./conf-list.ts";
export type { PluginEnd, PluginRun, RunPlugin } from "./execute-plugin.ts";
export { pluginExecutor } from "./execute-plugin.ts";
export type { JsonObject } from "./json.ts";
export { loadConfList } from "./load-conf-list.ts";
export { cniRunProblems } from "./problems.ts";
export type { AddedAttachment, RunReport } from "./report.ts";
export type { Detachment, RunPlaces, RunRequest, RunSurroundings } from "./run-request.ts";
export { runRequest } from "./run-request.ts";
export { type CniRunner, openCniRunner } from "./runner.ts";
export type { RunnerSite } from "./site.ts";
export type { Attachment, AttachmentName, CniArg, CniNetworkName, ContainerId } from "./values.ts";
export {
  parseCapabilityArgs,
  parseCniArg,
  parseCniNetworkName,
  parseContainerId,
} from "./values.ts";
