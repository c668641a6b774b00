import type { Ip, Prefix } from "../addr/index.ts";
import type { EndpointId, NetworkId } from "./ids.ts";
import type { SegmentName } from "./segment.ts";

/** An address and who has it. Unique by segment and address, whatever network it was given on. */
export interface Lease {
  readonly segment: SegmentName;
  readonly address: Ip;
  readonly prefix: Prefix;
  readonly network: NetworkId;
  readonly endpoint: EndpointId;
  /** Chosen by Landfall, or asked for by name. */
  readonly origin: "pool" | "requested";
  /** Wall time, ISO 8601. */
  readonly acquiredAt: string;
}

/** Where the automatic choice of a pool goes on, so that a freed address is not given out next. */
export interface PoolCursor {
  readonly segment: SegmentName;
  readonly prefix: Prefix;
  readonly lastGiven: Ip;
}
