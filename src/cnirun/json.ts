import { err, ok, type Result } from "../base/index.ts";

/** A JSON object as it was read; what its keys hold is for its reader to find out. */
export type JsonObject = { readonly [key: string]: unknown };

/** Reads text that must be one JSON object. The error is a phrase: "is a list, …". */
export function parseJsonObject(text: string): Result<JsonObject, string> {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? ok(value) : err(`is ${kindOf(value)}, where an object must be`);
  } catch (error) {
    return err(`is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** An object, and neither a list nor null. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What a JSON value is, with its article: "a list". */
export function kindOf(value: unknown): string {
  if (value === undefined) return "missing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** The value of a key whose case does not matter, as Go reads into structs: the last one wins. */
export function foldedKey(object: JsonObject, key: string): unknown {
  const names = Object.keys(object).filter((name) => name.toLowerCase() === key.toLowerCase());
  const name = names.at(-1);
  return name === undefined ? undefined : object[name];
}
