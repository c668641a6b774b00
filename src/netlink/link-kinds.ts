import type { Table } from "./attribute.ts";
import { bond, bondPortTable } from "./kinds/bond.ts";
import { bridge, bridgePortTable } from "./kinds/bridge.ts";
import { dummy } from "./kinds/dummy.ts";
import { ipvlan } from "./kinds/ipvlan.ts";
import type { LinkKind } from "./kinds/link-kind.ts";
import { macvlan } from "./kinds/macvlan.ts";
import { veth } from "./kinds/veth.ts";
import { vlan } from "./kinds/vlan.ts";
import { vxlan } from "./kinds/vxlan.ts";

/** Every kind of link that we can create and read in full: a new kind is one file and one entry. */
export const linkKinds = {
  macvlan,
  macvtap: macvlan,
  ipvlan,
  ipvtap: ipvlan,
  vlan,
  veth,
  bridge,
  dummy,
  vxlan,
  bond,
} as const satisfies Readonly<Record<string, LinkKind<Table, never, never>>>;

/** What the upper link says of its ports, by the upper's kind. */
export const portTables = { bridge: bridgePortTable, bond: bondPortTable } as const;

type Kinds = typeof linkKinds;

/** What `ip link add` needs beyond the name, for each kind. */
export type NewLinkKind = Parameters<Kinds[keyof Kinds]["create"]>[0];

/** What `ip link set … type` takes, for each kind. */
export type LinkKindChange = Parameters<Kinds[keyof Kinds]["change"]>[0];
