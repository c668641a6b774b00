import type { Ip, Prefix } from "../addr/index.ts";
import { type Millis, millis, minutes } from "../base/index.ts";
import type { FileHolder } from "./attachment.ts";
import type { EndpointId, NetworkId } from "./ids.ts";
import type { NetworkName, WorkloadName } from "./names.ts";
import type { SegmentName } from "./segment.ts";

/** An address and who has it. Unique by segment and address, whatever network it was given on. */
export interface Lease {
  readonly segment: SegmentName;
  readonly address: Ip;
  readonly prefix: Prefix;
  readonly network: NetworkId;
  readonly endpoint: EndpointId;
  /** Chosen by Landfall, or asked for by name; a reserved address was asked for in advance. */
  readonly origin: "pool" | "requested" | "reserved";
  /** Wall time, ISO 8601. */
  readonly acquiredAt: string;
}

/**
 * An address whose lease has ended: the LAN may still send its frames to the former owner's MAC. It
 * is free, but the automatic choice takes others first. In quarantine until `until` of the boot.
 */
export interface RestingLease extends Omit<Lease, "network"> {
  /** By name: the network may be removed meanwhile. */
  readonly network: NetworkName;
  readonly workload?: WorkloadName;
  readonly bootId: string;
  /** CLOCK_BOOTTIME, which goes on in suspend and cannot be set. */
  readonly until: Millis;
}

/**
 * An address that a file of another address manager gives away: nobody here gives it until the file
 * is gone.
 */
export interface HeldAddress {
  readonly segment: SegmentName;
  readonly address: Ip;
  /** The name of the runtime's network configuration that the file belongs to. */
  readonly configuration: string;
  readonly file: string;
  readonly holder: FileHolder;
}

/** The addresses that a workload had on a network when it was last there. */
export interface FormerAddresses {
  readonly network: NetworkId;
  readonly workload: WorkloadName;
  readonly addresses: readonly Ip[];
}

/** Now, as people and as deadlines count it. */
export interface Moment {
  /** ISO 8601. */
  readonly wall: string;
  /** CLOCK_BOOTTIME, of the boot `bootId`. */
  readonly boottime: Millis;
  readonly bootId: string;
}

/** How long Linux trusts a neighbour that it has no word of (gc_stale_time, arp(7)). */
const REST = minutes(1);

/** When an address that is given back at `now` is fresh again. */
export function restUntil({ boottime }: Moment): Millis {
  return millis(boottime + REST);
}

/** Where the automatic choice of a pool goes on, so that a freed address is not given out next. */
export interface PoolCursor {
  readonly segment: SegmentName;
  readonly prefix: Prefix;
  readonly lastGiven: Ip;
}
