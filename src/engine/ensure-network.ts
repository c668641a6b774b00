import { assert, ok, type Problem, type Result } from "../base/index.ts";
import {
  type CniOrigin,
  type Network,
  type NetworkName,
  type NetworkSpec,
  networkExists,
} from "../domain/index.ts";
import type { Book } from "../store/index.ts";
import type { EnsureOptions } from "./attachments.ts";
import type { EngineDeps } from "./deps.ts";
import { insertHolds } from "./holds.ts";
import { createNetwork, removeNetwork } from "./networks.ts";

/** Of the digest, beside the name where that is another network's. */
const DIGEST_LENGTH = 8;
/** So that both fit into the 63 characters of a name. */
const BASE_LENGTH = 54;
/** Others may make or remove networks of the name meanwhile, but not for ever. */
const ATTEMPTS = 5;

/** The network of a configuration, which is made when it is missing. */
export async function ensureNetwork(
  deps: EngineDeps,
  spec: NetworkSpec,
  { holds = () => ok([]) }: EnsureOptions = {},
): Promise<Result<Network, Problem>> {
  const { origin } = spec;
  assert(origin?.kind === "cni", "a configuration's network says whose it is");
  for (let attempt = 1; ; attempt++) {
    const place = await deps.store.read((book) => ok(placeOf(book, spec, origin)));
    if (!place.ok) return place;
    if (place.value.kind === "known") return ok(place.value.network);
    const name = await nameFor(deps, place.value, origin);
    const given = holds();
    if (!given.ok) return given;
    const made = await createNetwork(deps, { ...spec, name }, (tx, network) =>
      insertHolds(tx, network, given.value),
    );
    if (made.ok) return ok(made.value.network);
    // Somebody was quicker, perhaps with this very network.
    if (made.error.code !== networkExists.code || attempt === ATTEMPTS) return made;
  }
}

/** The network of a configuration, if it was made. */
export function findEnsured(book: Book, spec: NetworkSpec): Network | undefined {
  const { origin } = spec;
  if (origin?.kind !== "cni") return undefined;
  return book.networks
    .all()
    .find((row) => row.origin?.kind === "cni" && isSame(row.origin, origin));
}

type Place =
  | { readonly kind: "known"; readonly network: Network }
  | { readonly kind: "free"; readonly name: NetworkName }
  /** A former configuration's, on which nothing hangs. */
  | { readonly kind: "former"; readonly name: NetworkName }
  | { readonly kind: "taken"; readonly name: NetworkName };

function placeOf(book: Book, spec: NetworkSpec, origin: CniOrigin): Place {
  const { name } = spec;
  const network = findEnsured(book, { ...spec, origin });
  if (network !== undefined) return { kind: "known", network };
  const holder = book.networks.byName(name);
  if (holder === undefined) return { kind: "free", name };
  const isUnused = isOf(holder, origin.name) && book.endpoints.byNetwork(holder.id).length === 0;
  return { kind: isUnused ? "former" : "taken", name };
}

function isOf({ origin }: Network, configuration: string): boolean {
  return origin?.kind === "cni" && origin.name === configuration;
}

function isSame(a: CniOrigin, b: CniOrigin): boolean {
  return a.name === b.name && a.digest === b.digest;
}

async function nameFor(
  deps: EngineDeps,
  place: Exclude<Place, { kind: "known" }>,
  { digest }: CniOrigin,
): Promise<NetworkName> {
  if (place.kind === "free") return place.name;
  const removed = place.kind === "former" ? await removeNetwork(deps, place.name) : undefined;
  return removed?.ok
    ? place.name
    : (`${place.name.slice(0, BASE_LENGTH)}-${digest.slice(0, DIGEST_LENGTH)}` as NetworkName);
}
