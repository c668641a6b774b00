import { err, ok, type Problem, type Result } from "../base/index.ts";
import {
  allocationTaken,
  formatHolder,
  type HeldAddress,
  type Lease,
  leaseHeld,
  leaseMissing,
  type Moment,
  type RestingLease,
  type SegmentName,
} from "../domain/index.ts";
import type { Transaction } from "../store/index.ts";
import { type EngineDeps, momentOf } from "./deps.ts";
import { endStaleHolds } from "./holds.ts";
import type { ElsewhereView, LeaseSelector, LeaseView } from "./lease-view.ts";

/**
 * Every address that is given, here or elsewhere, or resting, segment by segment, in the order of
 * the addresses each. Other programs' files are looked at first.
 */
export async function listLeases(deps: EngineDeps): Promise<Result<readonly LeaseView[], Problem>> {
  const looked = await endStaleHolds(deps);
  if (!looked.ok) return looked;
  const now = momentOf(deps);
  return deps.store.transact((tx) => {
    tx.leases.endRests(now);
    return ok(tx.segments.all().flatMap(({ name }) => viewsOf(tx, name, now)));
  });
}

/** Ends the rest of an address, so that it is given out again like any other. */
export async function releaseLease(
  deps: EngineDeps,
  { address, segment }: LeaseSelector,
): Promise<Result<readonly LeaseView[], Problem>> {
  const looked = await endStaleHolds(deps);
  if (!looked.ok) return looked;
  const now = momentOf(deps);
  return deps.store.transact((tx) => {
    tx.leases.endRests(now);
    const known = tx.segments.all().map(({ name }) => name);
    const segments = segment === undefined ? known : [segment];
    const found = segments
      .flatMap((name) => viewsOf(tx, name, now))
      .filter((view) => view.address === address);
    const resting = found.filter((view) => view.kind === "resting");
    for (const row of resting) tx.leases.endRest(row.segment, row.address);
    if (resting.length > 0) return ok(resting);
    const [held] = found;
    return err(held === undefined ? leaseMissing({ address, segments }) : whyHeld(held));
  });
}

function whyHeld(view: LeaseView): Problem {
  const { address, segment } = view;
  if (view.kind !== "elsewhere") return leaseHeld({ address, endpoint: view.endpoint, segment });
  return allocationTaken({ address, file: view.file, holder: formatHolder(view.holder) });
}

function viewsOf(tx: Transaction, segment: SegmentName, now: Moment): LeaseView[] {
  const held = tx.leases.bySegment(segment).flatMap((lease) => heldView(tx, lease));
  const resting = tx.leases.resting(segment).map((row) => restingView(row, now));
  const elsewhere = tx.holds.all().filter((row) => row.segment === segment);
  return [...held, ...resting, ...elsewhere.map(elsewhereView)];
}

function elsewhereView(row: HeldAddress): ElsewhereView {
  return { kind: "elsewhere", ...row };
}

function heldView(tx: Transaction, lease: Lease): LeaseView[] {
  const { segment, address, prefix, endpoint, origin, acquiredAt } = lease;
  const network = tx.networks.get(lease.network)?.name;
  if (network === undefined) return [];
  const { workload, attachment } = tx.endpoints.get(endpoint) ?? {};
  return [
    {
      ...{ kind: "held", segment, address, prefix, network, endpoint, origin, acquiredAt },
      ...(workload === undefined ? {} : { workload }),
      ...(attachment === undefined ? {} : { attachment }),
    },
  ];
}

function restingView({ bootId: _, until, ...row }: RestingLease, now: Moment): LeaseView {
  const end = Date.parse(now.wall) + (until - now.boottime);
  return { kind: "resting", ...row, until: new Date(end).toISOString() };
}
