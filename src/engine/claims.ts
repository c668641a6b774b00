import type { Ip } from "../addr/index.ts";
import { type Millis, millis, minutes } from "../base/index.ts";
import type { NetworkName, SegmentName } from "../domain/index.ts";

/** Runtimes come for a claimed address within milliseconds, or never. */
const CLAIM_TIME: Millis = minutes(1);
/** Claims beyond these end early, the oldest first. */
const CLAIMS_MAX = 10_000;

interface Claim {
  readonly network: NetworkName;
  /** That of the network: whatever is promised is promised to nobody else on it. */
  readonly segment: SegmentName;
  readonly address: Ip;
  readonly origin: "chosen" | "requested";
  /** CLOCK_BOOTTIME. */
  readonly until: Millis;
}

/** Addresses that were promised and not yet given; known to this process only. */
export class Claims {
  readonly #claims = new Map<string, Claim>();

  add(claim: Omit<Claim, "until">, now: Millis): void {
    const key = keyOf(claim);
    this.#claims.delete(key);
    this.#claims.set(key, { ...claim, until: millis(now + CLAIM_TIME) });
    const oldest = this.#claims.keys().next().value;
    if (this.#claims.size > CLAIMS_MAX && oldest !== undefined) this.#claims.delete(oldest);
  }

  end(network: NetworkName, address: Ip): void {
    this.#claims.delete(keyOf({ network, address }));
  }

  /** What is promised on a segment at `now`. */
  on(segment: SegmentName, now: Millis): readonly Claim[] {
    for (const [key, claim] of this.#claims) if (claim.until <= now) this.#claims.delete(key);
    return [...this.#claims.values()].filter((claim) => claim.segment === segment);
  }
}

function keyOf({ network, address }: Pick<Claim, "network" | "address">): string {
  return `${network} ${address}`;
}
