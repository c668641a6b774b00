import { err, ok, type Result } from "../../base/index.ts";
import { type CniError, cniError } from "./error.ts";

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

export interface JsonObject {
  readonly [key: string]: Json;
}

/** Reads one value; `path` says where it stands, for whoever has to mend it. */
export type Decoder<T> = (value: Json, path: string) => Result<T, CniError>;

type Shape = Readonly<Record<string, Decoder<unknown>>>;
type Decoded<D> = D extends Decoder<infer T> ? T : never;

/** What an object of some shape has; nothing of it has to be there. */
export type Fields<S extends Shape> = { readonly [K in keyof S]?: Decoded<S[K]> };

export const text: Decoder<string> = (value, path) =>
  typeof value === "string" ? ok(value) : wrongType(path, "text", value);

export const truth: Decoder<boolean> = (value, path) =>
  typeof value === "boolean" ? ok(value) : wrongType(path, "true or false", value);

/** A whole number from `min` to `max`. */
export function integer(min: number, max: number): Decoder<number> {
  return (value, path) => {
    if (typeof value !== "number") return wrongType(path, "a whole number", value);
    if (!Number.isInteger(value)) return err(wrongValue(path, `${value} is no whole number`));
    if (value >= min && value <= max) return ok(value);
    return err(wrongValue(path, `${value} is not between ${min} and ${max}`));
  };
}

/** A list of values of one kind. Null is an empty one, as Go reads it. */
export function listOf<T>(item: Decoder<T>): Decoder<readonly T[]> {
  return (value, path) => {
    if (value === null) return ok([]);
    if (!isList(value)) return wrongType(path, "a list", value);
    const items: T[] = [];
    for (const [index, entry] of value.entries()) {
      const decoded = item(entry, `${path}[${index}]`);
      if (!decoded.ok) return decoded;
      items.push(decoded.value);
    }
    return ok(items);
  };
}

/**
 * An object, of which the keys of `shape` are read: without regard to case, the last of several,
 * and one that is null as if it were missing. Others are left alone. All as Go does it.
 */
export function fields<S extends Shape>(shape: S): Decoder<Fields<S>> {
  const names = new Map(Object.keys(shape).map((name) => [fold(name), name]));
  return (value, path) => {
    if (!isObject(value)) return wrongType(path, "an object", value);
    const found: Record<string, unknown> = {};
    for (const [key, entry] of Object.entries(value)) {
      const name = names.get(fold(key));
      const decode = name === undefined ? undefined : shape[name];
      if (name === undefined || decode === undefined || entry === null) continue;
      const decoded = decode(entry, path === "" ? name : `${path}.${name}`);
      if (!decoded.ok) return decoded;
      found[name] = decoded.value;
    }
    return ok(found as Fields<S>);
  };
}

/** What an object has under a key, in whatever case, null included: the last of several. */
export function member(object: JsonObject, key: string): Json | undefined {
  return Object.entries(object).findLast(([name]) => fold(name) === fold(key))?.[1];
}

/** Text that means something: `read` says what, or why it means nothing. */
export function textOf<T>(read: (text: string) => Result<T, string>): Decoder<T> {
  return (value, path) => {
    const words = text(value, path);
    if (!words.ok) return words;
    const meaning = read(words.value);
    return meaning.ok ? meaning : err(wrongValue(path, meaning.error));
  };
}

/** The error of a value of the right type that cannot be meant: `reason` is a clause about it. */
export function wrongValue(path: string, reason: string): CniError {
  return cniError("invalidConfig", `${JSON.stringify(path)}: ${reason}`);
}

/** The error of a key that has to be there. */
export function missingKey(path: string): CniError {
  return cniError("invalidConfig", `${JSON.stringify(path)} is missing`);
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

const ascii = /^[ -~]*$/;

/** Two keys that fold alike are one to Go (encoding/json, foldName); "K" has three spellings. */
function fold(key: string): string {
  return ascii.test(key) ? key.toLowerCase() : Array.from(key, foldCharacter).join("");
}

/** One character stays one: what becomes two in the other case, as "ß", is left alone. */
function foldCharacter(char: string): string {
  const folded = char.toUpperCase().toLowerCase();
  return [...folded].length === 1 ? folded : char;
}

function wrongType(path: string, wanted: string, value: Json): Result<never, CniError> {
  const where = path === "" ? "it" : JSON.stringify(path);
  return err(cniError("decodingFailure", `${where} must be ${wanted}, not ${typeName(value)}`));
}

function typeName(value: Json): string {
  if (value === null) return "null";
  if (isList(value)) return "a list";
  switch (typeof value) {
    case "string":
      return "text";
    case "number":
      return "a number";
    case "boolean":
      return String(value);
    default:
      return "an object";
  }
}
