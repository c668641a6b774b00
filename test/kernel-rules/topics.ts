import { bridgeVlanRules } from "./bridge-vlan.ts";
import { ipvlanL2Rules } from "./ipvlan-l2.ts";
import { ipvlanL3Rules } from "./ipvlan-l3.ts";
import { ipvlanPortRules } from "./ipvlan-port.ts";
import { nestingRules } from "./nesting.ts";
import type { Rule } from "./rule.ts";
import { vlanRules } from "./vlan.ts";
import { vlanLinkRules } from "./vlan-link.ts";

/** All rules, by what they are about. */
export const topics: Readonly<Record<string, readonly Rule[]>> = {
  "ipvlan and its parent": ipvlanPortRules,
  "ipvlan in mode l2": ipvlanL2Rules,
  "ipvlan in modes l3 and l3s": ipvlanL3Rules,
  "frames with VLAN tags": vlanRules,
  "links of VLANs": vlanLinkRules,
  "VLANs in a bridge": bridgeVlanRules,
  "drivers on drivers": nestingRules,
};
