/** One attachment that a runtime says is valid, in GC. */
export interface ValidAttachment {
  readonly containerId: string;
  readonly ifname: string;
}
