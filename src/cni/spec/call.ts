import { err, ok, type Result, remembering } from "../../base/index.ts";
import { type IfName, parseIfName } from "../../domain/index.ts";
import { type CniError, cniError } from "./error.ts";
import { fields, isObject, type Json, type JsonObject, text } from "./json.ts";
import {
  type CniVersion,
  cniVersions,
  isAtLeast,
  knownVersion,
  unnamedVersion,
} from "./versions.ts";

/** What a runtime wants of one execution of a plugin. */
export type Call = VersionCall | AttachmentCall | NetworkCall;

/** Asks for `encodeVersions`; its stdin means nothing. */
export interface VersionCall {
  readonly command: "VERSION";
}

/** About one link in one container. */
export interface AttachmentCall extends Configured {
  readonly command: "ADD" | "CHECK" | "DEL";
  readonly containerId: string;
  readonly ifname: IfName;
  /** Path of the namespace; only DEL may come without. */
  readonly netns?: string;
  /** Whether the plugin's own namespace is allowed too (CNI_NETNS_OVERRIDE). */
  readonly ownNetns: "allowed" | "refused";
  /** CNI_ARGS as it came: `parseArgs` reads it, and what is wrong in it matters only to ADD. */
  readonly args: string;
}

/** About a whole network. */
export interface NetworkCall extends Configured {
  readonly command: "GC" | "STATUS";
}

interface Configured {
  readonly config: NetworkConfig;
  /** Directories of CNI_PATH, in their order. */
  readonly path: readonly string[];
}

/** The configuration on stdin, as far as it is the same for all plugins. */
export interface NetworkConfig {
  readonly version: CniVersion;
  readonly name: string;
  readonly object: JsonObject;
  /** As it came, for plugins that this one hands the call on to. */
  readonly text: string;
}

/** Variables of the environment by their names. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What commands need of the environment, in the order in which it is told when missing. */
const required = {
  ADD: ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_PATH"],
  CHECK: ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_PATH"],
  DEL: ["CNI_CONTAINERID", "CNI_IFNAME", "CNI_PATH"],
  GC: ["CNI_PATH"],
  STATUS: ["CNI_PATH"],
  VERSION: [],
} as const;

type Command = keyof typeof required;

/** Commands that not all versions have, and the first that does. */
const since: Readonly<Partial<Record<Command, CniVersion>>> = {
  CHECK: "0.4.0",
  GC: "1.1.0",
  STATUS: "1.1.0",
};

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const wordPattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
const IFNAME_BYTES_MAX = 15;

/**
 * Checks what a plugin was started with, by the rules of the specification and in the words of the
 * reference library, which some runtimes look for. A command that is empty is an error here; a
 * person who starts a plugin by hand is to see `aboutText` instead.
 */
export function parseCall(env: Environment, stdin: Uint8Array): Result<Call, CniError> {
  const name = env.CNI_COMMAND ?? "";
  if (name === "") return err(missingVariables(["CNI_COMMAND"]));
  const command = commandOf(name);
  if (command === undefined) {
    return err(cniError("invalidEnvironment", `unknown CNI_COMMAND: ${name}`));
  }
  const missing = required[command].filter((variable) => (env[variable] ?? "") === "");
  if (missing.length > 0) return err(missingVariables(missing));
  if (command === "VERSION") return ok({ command });
  const config = parseConfig(decoder.decode(stdin));
  if (!config.ok) return config;
  const configured = {
    config: config.value,
    path: (env.CNI_PATH ?? "").split(":").filter((directory) => directory !== ""),
  };
  const refusal = versionProblem(command, config.value.version);
  if (command === "GC" || command === "STATUS") {
    return refusal === undefined ? ok({ command, ...configured }) : err(refusal);
  }
  const containerId = env.CNI_CONTAINERID ?? "";
  const ifname = parseInterface(env.CNI_IFNAME ?? "");
  if (!wordPattern.test(containerId)) {
    return err(cniError("invalidEnvironment", "invalid characters in containerID", containerId));
  }
  if (!ifname.ok) return ifname;
  if (refusal !== undefined) return err(refusal);
  const netns = env.CNI_NETNS ?? "";
  return ok({
    command,
    ...configured,
    containerId,
    ifname: ifname.value,
    ...(netns === "" ? {} : { netns }),
    ownNetns: /^(?:1|true)$/i.test(env.CNI_NETNS_OVERRIDE ?? "") ? "allowed" : "refused",
    args: env.CNI_ARGS ?? "",
  });
}

function commandOf(name: string): Command | undefined {
  return Object.hasOwn(required, name) ? (name as Command) : undefined;
}

function missingVariables(names: readonly string[]): CniError {
  return cniError("invalidEnvironment", `required env variables [${names.join(",")}] missing`);
}

const head = fields({ name: text });
const version = fields({ cniVersion: text });

/** Runtimes send the same words for each of their containers. */
const parseConfig = remembering(String, (words: string): Result<NetworkConfig, CniError> => {
  const json = parseJson(words);
  if (!json.ok) return err(undecodable(json.error));
  // Go takes null for an empty object.
  const object = json.value === null ? {} : json.value;
  const named = head(object, "");
  if (!named.ok) return err(undecodable(named.error.msg));
  const { name = "" } = named.value;
  if (name === "") return err(cniError("invalidConfig", "missing network name"));
  if (!wordPattern.test(name)) {
    return err(cniError("invalidConfig", "invalid characters found in network name", name));
  }
  const versioned = version(object, "");
  if (!versioned.ok) {
    const msg = `decoding version from network config: ${versioned.error.msg}`;
    return err(cniError("decodingFailure", msg));
  }
  const wanted = versioned.value.cniVersion ?? "";
  const known = wanted === "" ? unnamedVersion : knownVersion(wanted);
  if (known === undefined) return err(incompatible(wanted));
  return ok({ version: known, name, object: isObject(object) ? object : {}, text: words });
});

/** The JSON of a text, or the parser's words about it. */
export function parseJson(words: string): Result<Json, string> {
  try {
    return ok(JSON.parse(words) as Json);
  } catch (failure) {
    return err(failure instanceof Error ? failure.message : String(failure));
  }
}

function undecodable(reason: string): CniError {
  return cniError("decodingFailure", `error unmarshall network config: ${reason}`);
}

function incompatible(wanted: string): CniError {
  const supported = cniVersions.map((known) => JSON.stringify(known)).join(" ");
  const details = `config is ${JSON.stringify(wanted)}, plugin supports [${supported}]`;
  return cniError("incompatibleVersion", "incompatible CNI versions", details);
}

function versionProblem(command: Command, used: CniVersion): CniError | undefined {
  if (isAtLeast(used, since[command] ?? used)) return undefined;
  return cniError("incompatibleVersion", `config version does not allow ${command}`);
}

function parseInterface(name: string): Result<IfName, CniError> {
  const refuse = (msg: string, details?: string) =>
    err(cniError("invalidEnvironment", msg, details));
  if (new TextEncoder().encode(name).length > IFNAME_BYTES_MAX) {
    const limit = `interface name should be less than ${IFNAME_BYTES_MAX + 1} characters`;
    return refuse("interface name is too long", limit);
  }
  if (name === "." || name === "..") return refuse("interface name is . or ..");
  if (/[/:\s]/.test(name)) {
    return refuse("interface name contains / or : or whitespace characters");
  }
  const parsed = parseIfName(name);
  return parsed.ok ? parsed : refuse(`CNI_IFNAME: ${parsed.error.detail}`);
}
