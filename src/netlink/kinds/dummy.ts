import { table } from "../attribute.ts";
import type { LinkKind } from "./link-kind.ts";

/** A dummy has no data of its own. */
const dummyTable = table({});

/** `ip link add … type dummy`: a link without a wire, whose frames go nowhere. */
export interface NewDummy {
  readonly kind: "dummy";
}

/** A dummy has nothing that can be changed by kind. */
export interface DummyChange {
  readonly kind: "dummy";
}

export const dummy: LinkKind<typeof dummyTable, NewDummy, DummyChange> = {
  table: dummyTable,
  create: () => ({ data: {}, words: [] }),
  change: () => ({ data: {}, words: [] }),
};
