import { type Brand, err, ok, type Problem, type Result } from "../base/index.ts";
import type { IfName } from "../domain/index.ts";
import { type JsonObject, parseJsonObject } from "./json.ts";
import { cniNameWrong } from "./problems.ts";

/** What a runtime calls the sandbox (CNI_CONTAINERID). */
export type ContainerId = Brand<string, "ContainerId">;

/** The name of a configuration. */
export type CniNetworkName = Brand<string, "CniNetworkName">;

/** One pair of CNI_ARGS. */
export type CniArg = readonly [key: string, value: string];

/** By what an attachment is known: one per container and interface. */
export interface AttachmentName {
  readonly containerId: ContainerId;
  readonly ifname: IfName;
}

/** What a runtime knows of one attachment when it runs the plugins. */
export interface Attachment extends AttachmentName {
  /** Path of the network namespace; "" where it is gone, for DEL only. */
  readonly netns: string;
  readonly args: readonly CniArg[];
  /** By capability; a plugin is told those that its configuration lists in `capabilities`. */
  readonly capabilityArgs: JsonObject;
}

/** The pattern of the specification, for container ids and names of networks alike. */
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
/** Both are parts of the name of one file (NAME_MAX of Linux is 255), with the interface's. */
const NAME_LENGTH_MAX = 118;

/** Errors: LF-CNI-RUN-NAME. */
export function parseContainerId(text: string): Result<ContainerId, Problem> {
  if (isName(text)) return ok(text as ContainerId);
  return err(cniNameWrong({ what: "id of a container", text }));
}

/** Errors: LF-CNI-RUN-NAME. */
export function parseCniNetworkName(text: string): Result<CniNetworkName, Problem> {
  if (isName(text)) return ok(text as CniNetworkName);
  return err(cniNameWrong({ what: "name of a CNI network", text }));
}

function isName(text: string): boolean {
  return NAME.test(text) && text.length <= NAME_LENGTH_MAX;
}

/** A JSON object by capability. The error is a phrase for a command line. */
export function parseCapabilityArgs(text: string): Result<JsonObject, string> {
  const object = parseJsonObject(text);
  return object.ok ? object : err(`${JSON.stringify(text)} ${object.error}.`);
}

/** "KEY=VALUE". The error is a phrase for a command line. */
export function parseCniArg(text: string): Result<CniArg, string> {
  const [key = "", value, ...more] = text.split("=");
  const isPair = key !== "" && value !== undefined && more.length === 0 && !text.includes(";");
  if (isPair) return ok([key, value]);
  return err(`${JSON.stringify(text)} is no KEY=VALUE (one "=", and no ";").`);
}
