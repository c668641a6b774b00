import { err, ok, type Result } from "../../base/index.ts";
import type { CniPorts } from "../ports.ts";
import type { AttachmentCall, NetworkCall } from "../spec/call.ts";
import { type CniError, cniError } from "../spec/error.ts";
import { findPlugin } from "./find-plugin.ts";

/** A call that another plugin is to have a part in. */
export interface Delegation {
  readonly execute: CniPorts["execute"];
  readonly call: AttachmentCall | NetworkCall;
  /** As this plugin got it. */
  readonly env: Readonly<Record<string, string>>;
  /** The plugin's name. */
  readonly type: string;
}

/**
 * What another plugin says to `command` on stdout, or its error with its code. It gets the whole
 * configuration, and the environment as it was but for the command (section 4 of the
 * specification, "Plugin Delegation").
 */
export async function delegate(
  { execute, call, env, type }: Delegation,
  command: "ADD" | "DEL" | "CHECK" | "GC" | "STATUS",
  signal: AbortSignal,
): Promise<Result<string, CniError>> {
  const program = await findPlugin(type, call.path);
  if (!program.ok) return program;
  const stdin = call.config.text;
  const environment = { ...env, CNI_COMMAND: command };
  const ended = await execute({ program: program.value, env: environment, stdin, signal });
  if (!ended.ok) return err(cniError("internal", `IPAM plugin ${type}: ${ended.error}`));
  const { status, stdout, stderr } = ended.value;
  if (status === 0) return ok(stdout);
  const words = stderr.trim();
  const how = status === null ? "was ended by a signal" : `failed with status ${status}`;
  const silent = `IPAM plugin ${type} ${how} and no error of its own`;
  return err(
    readError(stdout) ?? cniError("internal", words === "" ? silent : `${type}: ${words}`),
  );
}

function readError(text: string): CniError | undefined {
  const value = parseJson(text);
  if (typeof value !== "object" || value === null || !("code" in value)) return undefined;
  const { code } = value;
  if (typeof code !== "number") return undefined;
  const msg = "msg" in value && typeof value.msg === "string" ? value.msg : "";
  const details = "details" in value && typeof value.details === "string" ? value.details : "";
  return { code, msg, ...(details === "" ? {} : { details }) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
