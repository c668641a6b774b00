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
  /** How many attaches and detaches were answered, which a power cut must not undo. */
  acknowledged(): number;
}

/** What the disk took, it took in order: of those that may return the last ones, all together. */
function mayReturn(
  id: string,
  leaving: ReadonlySet<string>,
  rows: ReadonlyMap<string, unknown>,
): boolean {
  const inOrder = [...leaving];
  return leaving.has(id) && inOrder.slice(inOrder.indexOf(id)).every((later) => rows.has(later));
}

function givenTwice(book: readonly Held[]): readonly string[] {
  return [...Map.groupBy(book, ({ address }) => address)]
    .filter(([, holders]) => holders.length > 1)
    .map(([address]) => `twice: ${address}`);
}

export function openPowerLedger(): PowerLedger {
  const given = new Map<string, Endpoint>();
  const released = new Set<string>();
  /**
   * Released since the last attach, in their order: the disk may lack the last ones of them, and
   * recovery ends those.
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
    const newcomers = [...rows.keys()].filter((id) => !given.has(id) && !released.has(id));
    const allowed = running?.kind === "begins" && running.move === "attach" ? 1 : 0;
    return [
      ...[...given.values()].flatMap((endpoint) => {
        const found = [...(rows.get(endpoint.id) ?? [])].sort().join(" ");
        if (found === [...endpoint.addresses].sort().join(" ")) return [];
        if (found === "" && mayBeGone(endpoint)) return [];
        return [`lost: ${endpoint.id} was given ${endpoint.addresses.join(" ")}, has "${found}"`];
      }),
      ...[...released]
        .filter((id) => rows.has(id) && !mayReturn(id, leaving, rows))
        .map((id) => `returned: ${id} was released`),
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
      // An acknowledged attach brings all before it along.
      if (told.kind === "detached") leaving.add(told.endpoint.id);
      else leaving.clear();
      if (told.kind === "attached") given.set(told.endpoint.id, told.endpoint);
      else if (told.kind === "detached") release(told.endpoint.id);
      else for (const id of given.keys()) release(id);
    },
    audit: (book) => {
      const rows = Map.groupBy(book, ({ endpoint }) => endpoint);
      const found = new Map([...rows].map(([id, held]) => [id, held.map((row) => row.address)]));
      const complaints = [...wrongRows(found), ...givenTwice(book)];
      leaving.clear();
      for (const id of given.keys()) if (!found.has(id)) release(id);
      for (const [id, list] of found) {
        if (!given.has(id)) given.set(id, { id, place: "", addresses: list });
        released.delete(id);
      }
      running = undefined;
      return complaints;
    },
    acknowledged: () => acknowledged,
  };
}
