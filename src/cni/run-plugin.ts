import packageFile from "../../package.json" with { type: "json" };
import { err, type Problem, type Result } from "../base/index.ts";
import { add } from "./commands/add.ts";
import { check } from "./commands/check.ts";
import type { Context } from "./commands/context.ts";
import { del } from "./commands/del.ts";
import { gc } from "./commands/gc.ts";
import { hostLocal } from "./commands/host-local.ts";
import { staticIpam } from "./commands/static.ts";
import { status } from "./commands/status.ts";
import type { CniPorts, Invocation, Reply } from "./ports.ts";
import { type AttachmentCall, type NetworkCall, parseCall } from "./spec/call.ts";
import { type CniError, cniError, cniErrorOf, encodeError } from "./spec/error.ts";
import { aboutText, encodeVersions } from "./spec/versions.ts";

/** What the plugins stand on, opened once and only where a command needs it. */
export type OpenPorts = () => Promise<Result<CniPorts, Problem>>;

/**
 * One execution of a plugin, from what a runtime gave it to what it says on stdout. `signal` fires
 * when whoever asked goes away: what was begun is undone.
 */
export async function runPlugin(
  open: OpenPorts,
  invocation: Invocation,
  signal: AbortSignal,
): Promise<Reply> {
  const { plugin, env, stdin } = invocation;
  if ((env.CNI_COMMAND ?? "") === "") {
    return { exitCode: 0, stdout: "", stderr: aboutText(plugin, packageFile.version) };
  }
  const call = parseCall(env, stdin);
  if (!call.ok) return refusal(call.error);
  if (call.value.command === "VERSION") return answer(encodeVersions());
  const said = await serve(open, { ...invocation, call: call.value }, signal);
  return said.ok ? answer(said.value) : refusal(said.error, call.value);
}

interface Served extends Invocation {
  readonly call: AttachmentCall | NetworkCall;
}

async function serve(
  open: OpenPorts,
  { plugin, env, call }: Served,
  signal: AbortSignal,
): Promise<Result<string, CniError>> {
  if (plugin === "static") return staticIpam(call);
  const ports = await open();
  if (!ports.ok) return err(cniErrorOf(ports.error));
  switch (plugin) {
    case "host-local":
      return hostLocal({ ports: ports.value, signal }, call);
    case "macvlan":
    case "ipvlan":
    case "vlan":
    case "landfall":
      return serveLink({ ports: ports.value, plugin, env, signal }, call);
    default:
      return err(cniError("invalidEnvironment", `there is no plugin ${plugin} in Landfall`));
  }
}

async function serveLink(
  context: Context,
  call: AttachmentCall | NetworkCall,
): Promise<Result<string, CniError>> {
  switch (call.command) {
    case "ADD":
      return add(context, call);
    case "DEL":
      return del(context, call);
    case "CHECK":
      return check(context, call);
    case "GC":
      return gc(context, call);
    case "STATUS":
      return status(context, call);
  }
}

function answer(text: string): Reply {
  return { exitCode: 0, stdout: text === "" ? "" : `${text}\n` };
}

function refusal(error: CniError, call?: AttachmentCall | NetworkCall): Reply {
  return { exitCode: 1, stdout: `${encodeError(error, call?.config.version)}\n` };
}
