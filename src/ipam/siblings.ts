import { type Ip, type Prefix, prefixContains } from "../addr/index.ts";
import type { Network, Reservation } from "../domain/index.ts";
import type { Transaction } from "../store/index.ts";

/**
 * The gateways of every network on this prefix, and the routers that others know there: they share
 * the wire, so they share these.
 */
export function gatewaysOf(tx: Transaction, network: Network, prefix: Prefix): Ip[] {
  return tx.networks.bySegment(network.segment).flatMap(({ subnets, routers = [] }) => {
    const gateways = subnets
      .filter((subnet) => subnet.prefix === prefix)
      .flatMap((subnet) => subnet.gateway ?? []);
    return [...gateways, ...routers.filter((ip) => prefixContains(prefix, ip))];
  });
}

/** A reservation, and the network that made it. */
export interface OwnedReservation extends Reservation {
  readonly network: Network;
}

/** The reservations in this prefix, by whatever network of the segment. */
export function reservationsIn(
  tx: Transaction,
  { segment }: Network,
  prefix: Prefix,
): OwnedReservation[] {
  return tx.networks
    .bySegment(segment)
    .flatMap((network) =>
      (network.reservations ?? [])
        .filter(({ address }) => prefixContains(prefix, address))
        .map((reservation) => ({ ...reservation, network })),
    );
}

/** The first of a new network's reservations that another network of the segment has made. */
export function reservedBySiblings(
  tx: Transaction,
  { segment, reservations = [] }: Network,
): OwnedReservation | undefined {
  const wanted = new Set(reservations.map(({ address }) => address));
  return tx.networks
    .bySegment(segment)
    .flatMap((network) => (network.reservations ?? []).map((row) => ({ ...row, network })))
    .find(({ address }) => wanted.has(address));
}
