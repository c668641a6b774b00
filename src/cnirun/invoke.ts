import { join } from "node:path";
import { err, ok, type Problem, type Result } from "../base/index.ts";
import type { ConfList, PluginConf } from "./conf-list.ts";
import { isFile } from "./disk.ts";
import type { PluginEnd } from "./execute-plugin.ts";
import { type JsonObject, kindOf, parseJsonObject } from "./json.ts";
import { pluginBroken, pluginMissing, pluginRefused } from "./problems.ts";
import type { PluginSite } from "./site.ts";
import type { Attachment } from "./values.ts";
import { haveOneShape } from "./versions.ts";

/** What the specification calls an operation. */
export type CniCommand = "ADD" | "CHECK" | "DEL" | "GC" | "STATUS" | "VERSION";

/** What one plugin is asked. */
export interface Question {
  readonly command: CniCommand;
  /** CNI_*; what is missing is told as empty, as libcni does. */
  readonly variables: Readonly<Record<string, string>>;
  readonly stdin: JsonObject;
}

/** Asks one plugin; its answer as text. Errors: LF-CNI-RUN-PLUGIN-MISSING, -PLUGIN, -ANSWER. */
export async function ask(
  type: string,
  { command, variables, stdin }: Question,
  site: PluginSite,
): Promise<Result<string, Problem>> {
  const program = site.directories.map((folder) => join(folder, type)).find(isFile);
  if (program === undefined) return err(pluginMissing({ type, directories: site.directories }));
  const own = { CNI_COMMAND: command, CNI_PATH: site.directories.join(":") };
  const env = { ...definedOf(site.env), ...nothing, ...variables, ...own };
  const { signal } = site;
  const ended = await site.run({ program, env, stdin: JSON.stringify(stdin), signal });
  if (!ended.ok) return err(pluginBroken({ type, command, reason: ended.error }));
  const { status, stdout } = ended.value;
  return status === 0 ? ok(stdout) : err(refusal(type, command, ended.value));
}

const nothing = { CNI_CONTAINERID: "", CNI_NETNS: "", CNI_IFNAME: "", CNI_ARGS: "" };

/** The variables of one attachment. */
export function variablesOf({ containerId, netns, ifname, args }: Attachment) {
  return {
    CNI_CONTAINERID: containerId,
    CNI_NETNS: netns,
    CNI_IFNAME: ifname,
    CNI_ARGS: args.map(([key, value]) => `${key}=${value}`).join(";"),
  };
}

/** What a plugin reads: its own object, and what the runtime adds to it. */
export function stdinOf(
  { name, cniVersion }: ConfList,
  plugin: PluginConf,
  more: { readonly prevResult?: JsonObject; readonly capabilityArgs?: JsonObject } = {},
): JsonObject {
  const { prevResult, capabilityArgs = {} } = more;
  const offered = plugin.capabilities.filter((capability) => capability in capabilityArgs);
  const runtimeConfig = Object.fromEntries(offered.map((key) => [key, capabilityArgs[key]]));
  return {
    ...plugin.object,
    name,
    cniVersion,
    ...(prevResult === undefined ? {} : { prevResult }),
    ...(offered.length === 0 ? {} : { runtimeConfig }),
  };
}

/** The result of an ADD in the list's version. Errors: LF-CNI-RUN-ANSWER. */
export function parseResult(
  { cniVersion }: ConfList,
  type: string,
  answer: string,
): Result<JsonObject, Problem> {
  const broken = (reason: string): Result<never, Problem> =>
    err(pluginBroken({ type, command: "ADD", reason }));
  if (answer.trim() === "") return broken("it succeeded without a result");
  const object = parseJsonObject(answer);
  if (!object.ok) return broken(`its result ${object.error}`);
  // Without a version it is of the configuration's.
  const version = object.value.cniVersion || cniVersion;
  if (typeof version !== "string") return broken(`its result's cniVersion is ${kindOf(version)}`);
  if (haveOneShape(version, cniVersion)) return ok({ ...object.value, cniVersion });
  return broken(`its result is of version ${version}, and the configuration of ${cniVersion}`);
}

function definedOf(env: PluginSite["env"]): Record<string, string> {
  const given = Object.entries(env).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, value] as const],
  );
  return Object.fromEntries(given);
}

/** A plugin's error is on stdout; one that crashed before it could write one says so on stderr. */
function refusal(
  type: string,
  command: CniCommand,
  { status, stdout, stderr }: PluginEnd,
): Problem {
  const error = parseJsonObject(stdout);
  if (error.ok && typeof error.value.code === "number") {
    const { code, msg = "", details = "" } = error.value;
    const words = [msg, details].filter((part) => part !== "").join("; ");
    return pluginRefused({ type, command, code, words });
  }
  const how = status === null ? "a signal ended it" : `it ended with ${status}`;
  const said = (stdout.trim() || stderr.trim()).slice(0, 500);
  return pluginBroken({ type, command, reason: said === "" ? how : `${how} and said: ${said}` });
}
