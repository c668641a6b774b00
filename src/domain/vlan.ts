import { type Brand, err, ok, type Problem, type Result } from "../base/index.ts";
import type { IfName } from "./names.ts";
import { vlanInvalid } from "./problems.ts";

/** A VLAN's number on a wire: 1 to 4094 (IEEE 802.1Q, 9.6: 0 is no VLAN, 4095 is reserved). */
export type VlanId = Brand<number, "VlanId">;

/** Whose EtherType the tag has: that of customers, or that of providers, which goes outside. */
export type VlanProtocol = "802.1Q" | "802.1ad";

export interface VlanTag {
  readonly protocol: VlanProtocol;
  readonly id: VlanId;
}

/** A wire within a wire: a link of the host, and the tags of its frames, outermost first. */
export interface VlanStack {
  readonly on: IfName;
  readonly tags: readonly VlanTag[];
}

const VLAN_MIN = 1;
const VLAN_MAX = 4094;
const IFNAME_BYTES_MAX = 15;
const DEFAULT_PROTOCOL = "802.1Q";

/** "100", or with its protocol: "802.1ad:100". */
export function parseVlanTag(value: unknown): Result<VlanTag, Problem> {
  const text = String(value);
  const [, protocol, digits] = /^(?:(802\.1q|802\.1ad):)?(\d{1,5})$/i.exec(text) ?? [];
  const id = parseVlanId(digits);
  if (id === undefined) {
    return err(vlanInvalid({ value: text.slice(0, 80), min: VLAN_MIN, max: VLAN_MAX }));
  }
  const known = protocol?.toLowerCase() === "802.1ad" ? "802.1ad" : DEFAULT_PROTOCOL;
  return ok({ protocol: known, id });
}

/** As `parseVlanTag` reads it. */
export function formatVlanTag({ protocol, id }: VlanTag): string {
  return protocol === DEFAULT_PROTOCOL ? `${id}` : `${protocol}:${id}`;
}

function parseVlanId(digits: string | undefined): VlanId | undefined {
  const id = Number(digits);
  return id >= VLAN_MIN && id <= VLAN_MAX ? (id as VlanId) : undefined;
}

/** The VLAN that a name such as eth0.100, or eth0.100.200, stands for where no such link is. */
export function vlanOfName(name: IfName): VlanStack | undefined {
  const [, on, digits = ""] = /^([^.]+)((?:\.\d{1,4})+)$/.exec(name) ?? [];
  const ids = digits.split(".").slice(1).map(parseVlanId);
  if (on === undefined || ids.length === 0) return undefined;
  const tags = ids.flatMap((id) => (id === undefined ? [] : [{ protocol: DEFAULT_PROTOCOL, id }]));
  return tags.length === ids.length ? { on: on as IfName, tags: tags as VlanTag[] } : undefined;
}

/**
 * What the link of a VLAN is called when Landfall makes it: eth0.100. Where that is too long, the
 * name of the link below is cut.
 */
export function vlanLinkName({ on, tags }: VlanStack): IfName {
  const ids = tags.map(({ id }) => `.${id}`).join("");
  let base = on as string;
  const size = (): number => Buffer.byteLength(base + ids);
  while (size() > IFNAME_BYTES_MAX && base.length > 1) base = base.slice(0, -1);
  return `${base}${ids}` as IfName;
}

/** "VLAN 100 of eth0". */
export function formatVlan({ on, tags }: VlanStack): string {
  const ids = tags.map(({ protocol, id }) =>
    protocol === DEFAULT_PROTOCOL ? `${id}` : `${protocol} ${id}`,
  );
  return `VLAN ${ids.toReversed().join(" in ")} of ${on}`;
}
