import type { Ip, Prefix } from "../addr/index.ts";
import type { EndpointId, Lease, NetworkName, SegmentName, WorkloadName } from "../domain/index.ts";

/** An address in the book: whose it is, or whose it was and until when it rests. */
export type LeaseView = {
  readonly segment: SegmentName;
  readonly address: Ip;
  readonly prefix: Prefix;
  readonly network: NetworkName;
  readonly endpoint: EndpointId;
  readonly workload?: WorkloadName;
  readonly origin: Lease["origin"];
  /** Wall time, ISO 8601. */
  readonly acquiredAt: string;
} & (
  | { readonly kind: "held" }
  /** `until` as the wall clock will show it, if nobody sets it meanwhile. */
  | { readonly kind: "resting"; readonly until: string }
);

/** An address, on one segment or wherever it is. */
export interface LeaseSelector {
  readonly address: Ip;
  readonly segment?: SegmentName;
}
