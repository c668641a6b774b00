import { collect, err, ok } from "../../base/index.ts";
import { parseVlanTag, type VlanTag } from "../../domain/index.ts";
import { type Decoder, type Json, wrongValue } from "../spec/json.ts";

/**
 * `vlan`, ours: the VLAN of the parent that a macvlan or ipvlan link is to be on. A number, or its
 * text, with "802.1ad:" before it for a provider's; a list of them for stacked tags, outermost
 * first. 0 is no VLAN.
 */
export const decodeTags: Decoder<readonly VlanTag[]> = (value, path) => {
  if (value === 0 || value === "") return ok([]);
  const items: readonly Json[] = Array.isArray(value) ? value : [value];
  return collect(
    items.map((item, index) => {
      const where = Array.isArray(value) ? `${path}[${index}]` : path;
      const isScalar = typeof item === "number" || typeof item === "string";
      const tag = parseVlanTag(isScalar ? item : JSON.stringify(item));
      return tag.ok ? tag : err(wrongValue(where, tag.error.detail));
    }),
  );
};
