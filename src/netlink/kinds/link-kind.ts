import type { Table, ValuesOf } from "../attribute.ts";
import type { LinkRef, Words } from "../command.ts";

/** What one kind adds to a request about a link. */
export interface KindRequest<T extends Table> {
  /** IFLA_INFO_DATA. */
  readonly data: ValuesOf<T>;
  /** IFLA_LINK. */
  readonly parent?: LinkRef;
  /** What follows `type KIND` in the `ip link` command. */
  readonly words: Words;
}

/** Everything about a kind of link: one entry of `linkKinds`. */
export interface LinkKind<T extends Table, New, Change> {
  readonly table: T;
  /** The kind's part of `ip link add`. */
  create(spec: New): KindRequest<T>;
  /** The kind's part of `ip link set`. */
  change(spec: Change): KindRequest<T>;
}
