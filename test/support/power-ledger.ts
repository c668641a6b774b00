/**
 * What somebody outside a machine knows of its addresses from its answers alone, and whether the
 * book that is found after a power cut can be true.
 */

/** What the machine says: before a move, and how it ended. */
export type Told =
  | { readonly kind: "begins"; readonly move: "attach" | "detach"; readonly place: string }
  | { readonly kind: "attached" | "detached"; readonly endpoint: Endpoint }
  | { readonly kind: "refused"; readonly code: string; readonly detail: string }
  /** After a reboot every sandbox is gone, and `reconcile` collects their endpoints. */
  | { readonly kind: "collecting" }
  | { readonly kind: "collected" };

export interface Endpoint {
  readonly id: string;
  readonly place: string;
  readonly addresses: readonly string[];
}

/** A row of the book: an address that is given. */
export interface Held {
  readonly endpoint: string;
  readonly address: string;
}

export interface PowerLedger {
  hear(told: Told): void;
  /** What in the book contradicts what was told; from here on the book is taken as it is. */
  audit(book: readonly Held[]): readonly string[];
  /** How many attaches and detaches were answered. */
  acknowledged(): number;
}

/** The addresses of each endpoint in the book. */
function addressesOf(book: readonly Held[]): ReadonlyMap<string, readonly string[]> {
  const rows = Map.groupBy(book, ({ endpoint }) => endpoint);
  return new Map([...rows].map(([id, held]) => [id, held.map(({ address }) => address)] as const));
}

function givenTwice(book: readonly Held[]): string[] {
  return [...Map.groupBy(book, ({ address }) => address)]
    .filter(([, holders]) => holders.length > 1)
    .map(([address]) => `twice: ${address}`);
}

function lost({ id, addresses }: Endpoint, found: string): string {
  return `lost: ${id} was given ${addresses.join(" ")}, has "${found}"`;
}

export function openPowerLedger(): PowerLedger {
  const given = new Map<string, Endpoint>();
  const released = new Set<string>();
  /**
   * Detached since the last commit that waited for the disk: a power cut takes the link along, so
   * that the endpoint may be in the book again, of an earlier boot, and is collected.
   */
  const leaving = new Set<string>();
  let running: Extract<Told, { kind: "begins" | "collecting" }> | undefined;
  let acknowledged = 0;

  const release = (id: string): void => {
    given.delete(id);
    released.add(id);
  };
  const mayBeGone = ({ place }: Endpoint): boolean =>
    running?.kind === "collecting" ||
    (running?.kind === "begins" && running.move === "detach" && running.place === place);

  const wrongRows = (rows: ReadonlyMap<string, readonly string[]>): string[] => {
    const known = (id: string): boolean => [given, released, leaving].some((ids) => ids.has(id));
    const newcomers = [...rows.keys()].filter((id) => !known(id));
    const allowed = running?.kind === "begins" && running.move === "attach" ? 1 : 0;
    return [
      ...[...given.values()].flatMap((endpoint) => {
        const found = [...(rows.get(endpoint.id) ?? [])].sort().join(" ");
        if (found === [...endpoint.addresses].sort().join(" ")) return [];
        return found === "" && mayBeGone(endpoint) ? [] : [lost(endpoint, found)];
      }),
      ...[...released].filter((id) => rows.has(id)).map((id) => `returned: ${id} was released`),
      ...newcomers.slice(allowed).map((id) => `unheard of: ${id} has ${rows.get(id)}`),
    ];
  };

  return {
    hear: (told) => {
      if (told.kind === "begins" || told.kind === "collecting") {
        running = told;
        return;
      }
      running = undefined;
      if (told.kind === "refused") return;
      if (told.kind !== "collected") acknowledged++;
      if (told.kind === "detached") {
        given.delete(told.endpoint.id);
        leaving.add(told.endpoint.id);
        return;
      }
      for (const id of leaving) release(id);
      leaving.clear();
      if (told.kind === "attached") given.set(told.endpoint.id, told.endpoint);
      else for (const id of given.keys()) release(id);
    },
    audit: (book) => {
      const found = addressesOf(book);
      const complaints = [...wrongRows(found), ...givenTwice(book)];
      for (const id of leaving) if (!found.has(id)) released.add(id);
      leaving.clear();
      for (const id of given.keys()) if (!found.has(id)) release(id);
      for (const [id, list] of found) {
        if (!given.has(id)) given.set(id, { id, place: "", addresses: list });
      }
      running = undefined;
      return complaints;
    },
    acknowledged: () => acknowledged,
  };
}
