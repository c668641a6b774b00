import { remembering } from "../../base/index.ts";
import { isObject, type Json, member } from "../spec/json.ts";
import { dataDirOf } from "./leave.ts";

const decoder = new TextDecoder();

/**
 * Where the configuration that a runtime sends wants the files of `host-local`; undefined where it
 * does not say so itself. Read without complaint: what is wrong is told by who does the call.
 */
export function namedDataDir(stdin: Uint8Array): string | undefined {
  return namedIn(decoder.decode(stdin));
}

const namedIn = remembering(String, (text: string): string | undefined => {
  // Most say nothing of it, and each call of a runtime comes by here.
  if (!/"datadir"/i.test(text)) return undefined;
  try {
    const config = JSON.parse(text) as Json;
    const ipam = isObject(config) ? member(config, "ipam") : undefined;
    const dataDir = dataDirOf(ipam);
    return dataDir?.startsWith("/") ? dataDir : undefined;
  } catch {
    return undefined;
  }
});
