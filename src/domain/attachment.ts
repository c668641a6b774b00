import { type Ip, parseIp } from "../addr/index.ts";
import type { IfName } from "./names.ts";

/**
 * What a container runtime calls an attachment: the CNI specification's key of it. It stays when
 * the namespace is gone, and none of its parts has a blank.
 */
export interface AttachmentKey {
  /** The name of the runtime's network configuration; not that of a network of ours. */
  readonly network: string;
  readonly containerId: string;
  readonly ifname: IfName;
}

/** Where the files are that tell `host-local` whose the addresses of an endpoint are. */
export interface AllocationFiles {
  /** Of the configuration: `<dataDir>/<name>`. */
  readonly directory: string;
  /** Each address, and the range set that it is of. */
  readonly files: readonly AllocationFile[];
}

/** One address in such a directory. */
export interface AllocationFile {
  readonly address: Ip;
  /** `last_reserved_ip.N` is told of it. */
  readonly set: number;
}

/** Whose an address is, as the text of a file of `host-local` says. */
export interface FileHolder {
  readonly containerId: string;
  /** Absent in files of versions before 0.8. */
  readonly ifname?: string;
}

/** What a file of an attachment's says. */
export function holderOf({ containerId, ifname }: AttachmentKey): Required<FileHolder> {
  return { containerId, ifname };
}

/**
 * Whose an address is by the text of its file; undefined where it is empty, because its writer
 * died. Versions before 0.8 wrote no link's name.
 */
export function parseAllocation(text: string): FileHolder | undefined {
  const [containerId = "", ifname] = text.trim().split(/\r?\n/);
  if (containerId === "") return undefined;
  return ifname === undefined ? { containerId } : { containerId, ifname };
}

/** The text of the file of an address. */
export function formatAllocation({ containerId, ifname }: Required<FileHolder>): string {
  return `${containerId}\r\n${ifname}`;
}

/** The file that names the address which was given last of a set of `host-local`. */
export function lastGivenFile(set: number): string {
  return `last_reserved_ip.${set}`;
}

/** What that file says; undefined where it is no address. */
export function parseLastGiven(text: string): Ip | undefined {
  const address = parseIp(text.trim());
  return address.ok ? address.value : undefined;
}

/** "nginx1, net1": as problems name an attachment of somebody else's. */
export function formatHolder({ containerId, ifname }: FileHolder): string {
  return ifname === undefined ? containerId : `${containerId}, ${ifname}`;
}

/** "nginx1, net1 of pods". */
export function formatAttachment({ network, ...holder }: AttachmentKey): string {
  return `${formatHolder(holder)} of ${network}`;
}
