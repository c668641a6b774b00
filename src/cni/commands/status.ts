import { err, ok, type Result } from "../../base/index.ts";
import type { IfName } from "../../domain/index.ts";
import { ipamTypeOf } from "../conf/leave.ts";
import { parsePluginConfig } from "../conf/parse-plugin.ts";
import type { PluginConfig } from "../conf/plugin.ts";
import { delegate } from "../ipam/delegate.ts";
import type { AttachmentCall, NetworkCall } from "../spec/call.ts";
import { type CniError, cniError, cniErrorOf } from "../spec/error.ts";
import { type Answer, type Context, inCniWords } from "./context.ts";
import { isForeign } from "./foreign.ts";
import { specOf } from "./network-of.ts";

/** Whether an ADD could be served: the configuration is right, its parent is up, its IPAM well. */
export async function status(context: Context, call: NetworkCall): Answer {
  const config = parsePluginConfig(context.plugin, anyAdd(call));
  if (!config.ok) return config;
  const obstacle = await obstacleTo(context, config.value);
  if (obstacle !== undefined) {
    const listed = await context.ports.attachments.list(call.config.name);
    if (!listed.ok) return inCniWords(listed);
    return err(unavailable(obstacle, listed.value.length === 0 ? "nobody" : "somebody"));
  }
  const room = await findRoom(context, call, config.value);
  if (!room.ok) return room;
  const ipam = await foreignStatus(context, call);
  return ipam.ok ? ok("") : ipam;
}

/** STATUS has no container; the configuration is read as an ADD of any would read it. */
function anyAdd({ config, path }: NetworkCall): AttachmentCall {
  const ifname = "eth0" as IfName;
  return {
    command: "ADD",
    config,
    path,
    containerId: "status",
    ifname,
    ownNetns: "refused",
    args: "",
  };
}

async function obstacleTo({ ports }: Context, config: PluginConfig): Promise<CniError | undefined> {
  if (config.kind === "landfall") {
    const network = await ports.facts.network(config.network);
    return network.ok ? undefined : cniErrorOf(network.error);
  }
  // That of a container is known when there is one.
  if (config.parentPlace === "sandbox") return undefined;
  const parent = await ports.facts.parent(config.parent);
  if (!parent.ok) return cniErrorOf(parent.error);
  const { name, state } = parent.value;
  return state === "up" ? undefined : cniError("notAvailable", `${name} is down`);
}

/** Whether `host-local`'s sets have an address for one more container. */
async function findRoom(
  { ports }: Context,
  call: NetworkCall,
  config: PluginConfig,
): Promise<Result<void, CniError>> {
  // That of a container is known when there is one.
  if (config.kind === "landfall" || config.parentPlace === "sandbox") return ok();
  const { ipam } = config;
  const parent = await ports.facts.parent(config.parent);
  if (ipam.kind !== "host-local" || !parent.ok) return ok();
  const spec = specOf(call.config.name, config, config.parent ?? parent.value.name);
  const sets = ipam.sets.map((pools, index) => ({ index, pools }));
  const room = await ports.attachments.findRoom(spec, sets);
  if (room.ok) return room;
  const { msg, details } = cniErrorOf(room.error);
  return err(cniError("notAvailable", msg, details));
}

/** Containers that are attached may have lost their network with what an ADD needs. */
function unavailable({ msg, details }: CniError, whoIsAttached: "nobody" | "somebody"): CniError {
  const code = whoIsAttached === "nobody" ? "notAvailable" : "limitedConnectivity";
  return cniError(code, msg, details);
}

async function foreignStatus(
  context: Context,
  call: NetworkCall,
): Promise<Result<unknown, CniError>> {
  const { ports, env, signal } = context;
  const type = ipamTypeOf(call.config);
  if (!isForeign(context, type)) return ok();
  return delegate({ execute: ports.execute, call, env, type }, "STATUS", signal);
}
