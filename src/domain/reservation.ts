import {
  type Ip,
  type IpRange,
  type Prefix,
  prefixContains,
  rangeContains,
  usableRange,
} from "../addr/index.ts";
import type { Problem } from "../base/index.ts";
import type { WorkloadName } from "./names.ts";
import { outsideSubnets } from "./problems.ts";

/** An address that is always this workload's and never another's. */
export interface Reservation {
  readonly workload: WorkloadName;
  readonly address: Ip;
}

/** The part of a network's description that its reservations must agree with. */
export interface ReservationWish {
  readonly subnets: readonly Prefix[];
  readonly gateways: readonly Ip[];
  readonly exclusions: readonly IpRange[];
  readonly reservations?: readonly Reservation[];
}

/** The first reservation that could not be kept, or contradicts an earlier one. */
export function reservationProblem(wish: ReservationWish): Problem | undefined {
  const { reservations = [], subnets } = wish;
  for (const [index, reservation] of reservations.entries()) {
    const { address: value } = reservation;
    const earlier = reservations.slice(0, index);
    const prefix = subnets.find((candidate) => prefixContains(candidate, value));
    const reason =
      prefix === undefined
        ? "is in none of its subnets"
        : (unusableReason(wish, prefix, value) ?? rivalReason(reservation, earlier, prefix));
    if (reason !== undefined) {
      return outsideSubnets({ what: "reserved address", value, reason, subnets });
    }
  }
  return undefined;
}

function unusableReason(wish: ReservationWish, prefix: Prefix, address: Ip): string | undefined {
  if (!rangeContains(usableRange(prefix), address)) return `is not a host's in ${prefix}`;
  if (wish.gateways.includes(address)) return "is the gateway";
  const excluded = wish.exclusions.some((range) => rangeContains(range, address));
  return excluded ? "is excluded" : undefined;
}

function rivalReason(
  { workload, address }: Reservation,
  earlier: readonly Reservation[],
  prefix: Prefix,
): string | undefined {
  const other = earlier.find((row) => row.address === address);
  if (other !== undefined) return `is reserved for ${other.workload} already`;
  const second = earlier.some(
    (row) => row.workload === workload && prefixContains(prefix, row.address),
  );
  return second ? `is the second one of ${workload} in ${prefix}` : undefined;
}
