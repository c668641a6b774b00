import fc from "fast-check";
import { defined, type Result } from "../../base/index.ts";
import type { CniArgs } from "./args.ts";
import { parseArgs } from "./args.ts";
import type { AttachmentCall, NetworkConfig } from "./call.ts";
import { parseCall } from "./call.ts";
import type { CniError } from "./error.ts";
import type { Json } from "./json.ts";

/** Helpers of the tests of this folder and of `conf/`; product code must not import them. */

/** The value of a result that the test says is a success. */
export function accepted<T>(result: Result<T, CniError>): T {
  if (!result.ok) throw new Error(`refused: ${result.error.code} ${result.error.msg}`);
  return result.value;
}

/** The error of a result that the test says is a refusal. */
export function refused(result: Result<unknown, CniError>): CniError {
  if (result.ok) throw new Error(`accepted: ${JSON.stringify(result.value, bigints)}`);
  return result.error;
}

function bigints(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}

/** What a runtime sets for an ADD. */
export const addEnvironment = {
  CNI_COMMAND: "ADD",
  CNI_CONTAINERID: "c1",
  CNI_NETNS: "/run/netns/c1",
  CNI_IFNAME: "eth0",
  CNI_PATH: "/opt/cni/bin",
} as const;

/** An ADD, or what `env` makes of it, with a configuration on stdin. */
export function callWith(config: object, env: Readonly<Record<string, string>> = {}) {
  const stdin = JSON.stringify({ cniVersion: "1.0.0", name: "lan", ...config });
  return parseCall({ ...addEnvironment, ...env }, new TextEncoder().encode(stdin));
}

/** As `callWith`, one that is right. */
export function attachmentCall(
  config: object,
  env: Readonly<Record<string, string>> = {},
): AttachmentCall {
  const call = accepted(callWith(config, env));
  if (call.command === "ADD" || call.command === "CHECK" || call.command === "DEL") return call;
  throw new Error(`${call.command} is about no attachment`);
}

/** The configuration of an ADD. */
export function configWith(config: object): NetworkConfig {
  return attachmentCall(config).config;
}

export function argsOf(text: string): CniArgs {
  return accepted(parseArgs(text));
}

export const anyJson: fc.Arbitrary<Json> = fc
  .jsonValue({ noUnicodeString: false, maxDepth: 4 })
  .map((value) => value as Json);

/** Some JSON in which one value, wherever it stands, is another one. */
export function mutated(document: Json, replacement: fc.Arbitrary<Json>): fc.Arbitrary<Json> {
  const paths = pathsOf(document);
  return fc
    .tuple(fc.nat(paths.length - 1), replacement)
    .map(([index, value]) => replaced(document, defined(paths[index], "a path"), value));
}

type Path = readonly (string | number)[];

function pathsOf(value: Json): readonly Path[] {
  if (typeof value !== "object" || value === null) return [[]];
  const entries: readonly (readonly [string | number, Json])[] = Array.isArray(value)
    ? value.map((item, index) => [index, item] as const)
    : Object.entries(value);
  const inner = entries.flatMap(([key, item]) => pathsOf(item).map((path) => [key, ...path]));
  return [[], ...inner];
}

function replaced(value: Json, [key, ...rest]: Path, replacement: Json): Json {
  if (key === undefined || typeof value !== "object" || value === null) return replacement;
  const inner = (item: Json, name: string | number): Json =>
    String(name) === String(key) ? replaced(item, rest, replacement) : item;
  if (Array.isArray(value)) return value.map(inner);
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, inner(item, name)]));
}
