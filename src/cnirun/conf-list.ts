import { collect, err, mapError, ok, type Problem, type Result } from "../base/index.ts";
import { foldedKey, isJsonObject, type JsonObject, kindOf, parseJsonObject } from "./json.ts";
import { confWrong } from "./problems.ts";
import { type CniNetworkName, parseCniNetworkName } from "./values.ts";
import { CURRENT_VERSION, compareVersions, OLDEST_VERSION, parseVersion } from "./versions.ts";

/** A network's configuration: its plugins in the order in which ADD runs them. */
export interface ConfList {
  readonly name: CniNetworkName;
  /** The one in use: of `cniVersions` the newest that the runner knows. */
  readonly cniVersion: string;
  readonly check: "enabled" | "disabled";
  readonly gc: "enabled" | "disabled";
  readonly plugins: readonly PluginConf[];
  /** Whether plugins in files of their own belong to it (specification 1.1.0). */
  readonly morePlugins: "allowed" | "inlined-only";
  /** The list as JSON text, which is kept with each result. */
  readonly text: string;
}

/** One plugin of a list. */
export interface PluginConf {
  /** The name of the program. */
  readonly type: string;
  /** What the runtime may tell it in `runtimeConfig`. */
  readonly capabilities: readonly string[];
  /** What was written, all of which the plugin gets. */
  readonly object: JsonObject;
}

/** Reads a list (`*.conflist`); `path` is for the words. Errors: LF-CNI-RUN-CONF, -NAME. */
export function parseConfList(path: string, text: string): Result<ConfList, Problem> {
  const object = mapError(parseJsonObject(text), (reason) => wrong(path, `it ${reason}`));
  if (!object.ok) return object;
  const head = parseHead(path, object.value);
  if (!head.ok) return head;
  const { plugins } = object.value;
  if (plugins === undefined && head.value.morePlugins === "allowed") {
    // Then all of them are in files of their own; who loads them sees whether there are any.
    return ok({ ...head.value, plugins: [], text });
  }
  if (!Array.isArray(plugins)) return err(wrong(path, `plugins is ${kindOf(plugins)}, not a list`));
  if (plugins.length === 0) return err(wrong(path, "plugins is empty"));
  const parsed = collect(
    plugins.map((plugin, index) => parsePlugin(path, `plugins[${index}]`, plugin)),
  );
  return parsed.ok ? ok({ ...head.value, plugins: parsed.value, text }) : parsed;
}

/** Reads one plugin's file (`*.conf`, `*.json`) as a list of it alone. Errors: as parseConfList. */
export function parseConf(path: string, text: string): Result<ConfList, Problem> {
  const object = mapError(parseJsonObject(text), (reason) => wrong(path, `it ${reason}`));
  if (!object.ok) return object;
  const { name, cniVersion } = object.value;
  const version = cniVersion === undefined ? {} : { cniVersion };
  return parseConfList(path, JSON.stringify({ ...version, name, plugins: [object.value] }));
}

/** Reads what stands for one plugin; `at` is where. Errors: LF-CNI-RUN-CONF. */
export function parsePlugin(path: string, at: string, value: unknown): Result<PluginConf, Problem> {
  if (!isJsonObject(value)) return err(wrong(path, `${at} is ${kindOf(value)}, not an object`));
  const type = foldedKey(value, "type");
  if (typeof type !== "string" || type === "") {
    return err(wrong(path, `${at}.type must name a plugin, and is ${kindOf(type)}`));
  }
  if (type.includes("/") || type === "." || type === "..") {
    return err(wrong(path, `${at}.type is a name, not a path: ${JSON.stringify(type)}`));
  }
  const given = foldedKey(value, "capabilities") ?? {};
  if (!isJsonObject(given)) {
    return err(wrong(path, `${at}.capabilities is ${kindOf(given)}, not an object`));
  }
  const odd = Object.entries(given).find(([, offered]) => typeof offered !== "boolean");
  if (odd !== undefined) {
    return err(wrong(path, `${at}.capabilities.${odd[0]} is ${kindOf(odd[1])}, not true or false`));
  }
  const capabilities = Object.keys(given).filter((name) => given[name] === true);
  return ok({ type, capabilities, object: value });
}

type Head = Omit<ConfList, "plugins" | "text">;

function parseHead(path: string, object: JsonObject): Result<Head, Problem> {
  if (typeof object.name !== "string") {
    return err(wrong(path, `name must be text, and is ${kindOf(object.name)}`));
  }
  const name = parseCniNetworkName(object.name);
  if (!name.ok) return name;
  const cniVersion = mapError(parseVersions(object), (reason) => wrong(path, reason));
  if (!cniVersion.ok) return cniVersion;
  const switches = collect(
    (["disableCheck", "disableGC", "loadOnlyInlinedPlugins"] as const).map((key) =>
      parseSwitch(path, key, object[key]),
    ),
  );
  if (!switches.ok) return switches;
  const [noCheck, noGc, onlyInlined] = switches.value;
  return ok({
    name: name.value,
    cniVersion: cniVersion.value,
    check: noCheck === "on" ? "disabled" : "enabled",
    gc: noGc === "on" ? "disabled" : "enabled",
    morePlugins: onlyInlined === "on" ? "inlined-only" : "allowed",
  });
}

/** A configuration may list versions beside the one for runtimes that know only that key. */
function parseVersions({ cniVersion, cniVersions = [] }: JsonObject): Result<string, string> {
  if (!Array.isArray(cniVersions)) return err(`cniVersions is ${kindOf(cniVersions)}, not a list`);
  const given = [...(cniVersion === undefined ? [] : [cniVersion]), ...cniVersions];
  const versions = collect(given.map(parseVersion));
  if (!versions.ok) return err(`of its versions ${versions.error}`);
  if (versions.value.length === 0) return ok(OLDEST_VERSION);
  const known = versions.value.filter((one) => compareVersions(one, CURRENT_VERSION) <= 0);
  const newest = known.toSorted(compareVersions).at(-1);
  if (newest !== undefined) return ok(newest);
  return err(`version ${versions.value.join(", ")} is newer than ${CURRENT_VERSION}`);
}

/** A boolean, or text that says one: both are in use (libcni reads both). */
function parseSwitch(path: string, key: string, value: unknown): Result<"on" | "off", Problem> {
  const word = typeof value === "string" ? value.toLowerCase() : value;
  if (word === true || word === "true") return ok("on");
  if (word === undefined || word === false || word === "false") return ok("off");
  return err(wrong(path, `${key} is ${JSON.stringify(value)}, not true or false`));
}

function wrong(path: string, reason: string): Problem {
  return confWrong({ path, reason });
}
