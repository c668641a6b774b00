import { isMulticastMac, type Mac } from "../../addr/index.ts";
import { err, ok, type Result } from "../../base/index.ts";
import { readMac } from "../spec/address.ts";
import type { CniArgs } from "../spec/args.ts";
import type { CniError } from "../spec/error.ts";
import { fields, text, wrongValue } from "../spec/json.ts";

const NO_MAC = "00:00:00:00:00:00";

/** The keys that may name a MAC address. */
export const macKeys = {
  mac: text,
  runtimeConfig: fields({ mac: text }),
} as const;

interface MacWish {
  readonly mac?: string;
  readonly runtimeConfig?: { readonly mac?: string };
}

/**
 * The MAC that is asked for: by the runtime, else by CNI_ARGS, else by the configuration. Others
 * are not looked at, be they wrong.
 */
export function parseMacOf(
  { mac = "", runtimeConfig = {} }: MacWish,
  args: CniArgs,
): Result<Mac | undefined, CniError> {
  const wishes: readonly (readonly [path: string, words: string])[] = [
    ["runtimeConfig.mac", runtimeConfig.mac ?? ""],
    ["CNI_ARGS MAC", args.get("MAC") ?? ""],
    ["mac", mac],
  ];
  const wish = wishes.find(([, words]) => words !== "");
  if (wish === undefined) return ok(undefined);
  const [path, words] = wish;
  const parsed = readMac(words);
  if (!parsed.ok) return err(wrongValue(path, parsed.error));
  if (isMulticastMac(parsed.value) || parsed.value === NO_MAC) {
    return err(wrongValue(path, `${parsed.value} is the address of no link`));
  }
  return parsed;
}
