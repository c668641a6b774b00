import { parseIfName } from "../../domain/index.ts";
import { hostLocalDirectory, ipamTypeOf } from "../conf/leave.ts";
import { folderError } from "../ipam/allocate.ts";
import { type Allocation, removeAllocations } from "../ipam/allocation-folder.ts";
import { folderAt } from "../ipam/folder-files.ts";
import type { CniPorts } from "../ports.ts";
import type { ValidAttachment } from "../spec/attachment-list.ts";
import type { NetworkCall } from "../spec/call.ts";
import { type CniError, cniErrorOf } from "../spec/error.ts";

/** Whether a runtime's list has an attachment. */
export type IsValid = (attachment: {
  readonly containerId: string;
  readonly ifname?: string;
}) => boolean;

/** An old file says no link name: it is valid while anything of its container is. */
export function validity(valid: readonly ValidAttachment[]): IsValid {
  const keys = new Set(valid.map(({ containerId, ifname }) => `${containerId} ${ifname}`));
  const containers = new Set(valid.map(({ containerId }) => containerId));
  return ({ containerId, ifname }) =>
    ifname === undefined ? containers.has(containerId) : keys.has(`${containerId} ${ifname}`);
}

/**
 * Files that other plugins left, of containers that are gone: their links went with those. What the
 * book has stays, whatever became of it above.
 */
export async function collectFiles(
  ports: CniPorts,
  { config }: NetworkCall,
  { signal, isValid }: { readonly signal: AbortSignal; readonly isValid: IsValid },
): Promise<readonly CniError[]> {
  const directory = ipamTypeOf(config) === "host-local" ? hostLocalDirectory(config) : undefined;
  if (directory === undefined) return [];
  const recorded = await ports.attachments.list(config.name);
  if (!recorded.ok) return [cniErrorOf(recorded.error)];
  const isRecorded = validity(recorded.value.map(({ key }) => key));
  // An empty file is nobody's: its writer died.
  const isStale = ({ holder }: Allocation): boolean =>
    holder === undefined || !(isValid(holder) || isRecorded(holder));
  const folder = folderAt(ports.platform, directory);
  const gone = await removeAllocations(folder, signal, (all) => all.filter(isStale));
  if (!gone.ok) return [folderError(folder, gone.error)];
  return endHolds(ports, config.name, gone.value);
}

/** Addresses that those files kept from everybody here. */
async function endHolds(
  { attachments }: CniPorts,
  network: string,
  gone: readonly Allocation[],
): Promise<readonly CniError[]> {
  const failures: CniError[] = [];
  for (const { holder } of gone) {
    const ifname = parseIfName(holder?.ifname);
    if (holder === undefined || !ifname.ok) continue;
    const key = { network, containerId: holder.containerId, ifname: ifname.value };
    const ended = await attachments.unhold(key);
    if (!ended.ok) failures.push(cniErrorOf(ended.error));
  }
  return failures;
}
