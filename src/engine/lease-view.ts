import type { Ip, Prefix } from "../addr/index.ts";
import type {
  AttachmentKey,
  EndpointId,
  FileHolder,
  Lease,
  NetworkName,
  SegmentName,
  WorkloadName,
} from "../domain/index.ts";

/** An address that is not free: whose it is, or whose it was and until when it rests. */
export type LeaseView = OwnLeaseView | ElsewhereView;

/** One that was given here. */
export type OwnLeaseView = {
  readonly segment: SegmentName;
  readonly address: Ip;
  readonly prefix: Prefix;
  readonly network: NetworkName;
  readonly endpoint: EndpointId;
  readonly workload?: WorkloadName;
  readonly origin: Lease["origin"];
  /** Wall time, ISO 8601. */
  readonly acquiredAt: string;
} /** `attachment`: what a container runtime calls whose it is. */ & (
  | { readonly kind: "held"; readonly attachment?: AttachmentKey }
  /** `until` as the wall clock will show it, if nobody sets it meanwhile. */
  | { readonly kind: "resting"; readonly until: string }
);

/** One that a file of `host-local` gives away, which other programs wrote. */
export interface ElsewhereView {
  readonly kind: "elsewhere";
  readonly segment: SegmentName;
  readonly address: Ip;
  /** The runtime's network configuration that the file belongs to. */
  readonly configuration: string;
  readonly file: string;
  /** The container, and its link where the file says it. */
  readonly holder: FileHolder;
}

/** An address, on one segment or wherever it is. */
export interface LeaseSelector {
  readonly address: Ip;
  readonly segment?: SegmentName;
}
