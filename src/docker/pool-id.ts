import { type Prefix, parsePrefix, prefixContainsPrefix } from "../addr/index.ts";

/** What Docker calls a pool: text that we choose, and that Docker keeps and gives back. */
export interface PoolName {
  readonly prefix: Prefix;
  /** What of it is to be handed out (--ip-range). */
  readonly subPool?: Prefix;
  /** Tells two pools of one prefix apart. */
  readonly nonce: string;
}

/** The form of the text, so that a later version still reads this one's. */
const FORM = "landfall1";

/** The text by which Docker knows the pool. */
export function formatPoolId({ prefix, subPool, nonce }: PoolName): string {
  return [FORM, prefix, subPool ?? "", nonce].join(",");
}

/** What the text says; undefined when it is none of ours. */
export function parsePoolId(text: string): PoolName | undefined {
  const [form, first, second, nonce, ...rest] = text.split(",");
  if (form !== FORM || rest.length > 0 || !/^[0-9a-f]{1,32}$/.test(nonce ?? "")) return undefined;
  const prefix = parsePrefix(first);
  if (!prefix.ok || nonce === undefined) return undefined;
  if (second === "") return { prefix: prefix.value, nonce };
  const subPool = parsePrefix(second);
  if (!subPool.ok || !prefixContainsPrefix(prefix.value, subPool.value)) return undefined;
  return { prefix: prefix.value, subPool: subPool.value, nonce };
}
