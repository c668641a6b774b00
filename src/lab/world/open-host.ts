import { millis, ok, type Problem, type Result } from "../../base/index.ts";
import type { StoreSalt, StoreUuid } from "../../domain/index.ts";
import { memoryLocks, openEngine } from "../../engine/index.ts";
import { deleteLink } from "../../netlink/index.ts";
import type { BootId, NetnsHandle, Platform } from "../../platform/index.ts";
import { memoryStore, type Store } from "../../store/index.ts";
import type { ScenarioHost } from "../format/scenario.ts";
import { plugIn, setUpNode } from "./build-topology.ts";
import type { HostDoor, HostRole, Lab, RunningNode } from "./lab.ts";
import { openContainer } from "./open-container.ts";
import { findLink, send } from "./requests.ts";
import { waitUntilReady } from "./wait-until-ready.ts";

/** A host's namespace with its NICs plugged in, and its engine with an empty book. */
export function openHost(
  lab: Lab,
  spec: ScenarioHost,
  door: HostDoor,
): Result<RunningNode, Problem> {
  const uuid = crypto.randomUUID() as string as StoreUuid;
  const salt = lab.platform.random.bytes(16).toHex() as StoreSalt;
  const { platform } = lab;
  return openHostWith(lab, spec, { platform, door, store: memoryStore({ uuid, salt }) });
}

/**
 * All of a host is gone at once: links, namespaces, processes. It comes back as the file says, with
 * the book that it had and without its containers.
 */
export async function rebootHost(
  lab: Lab,
  host: RunningNode,
  { spec, store, door }: HostRole,
): Promise<Result<void, Problem>> {
  await door.powerOff();
  for (const { name } of spec.nics) {
    const nic = findLink(host, name);
    if (!nic.ok) continue;
    // With the wire go the links on it, wherever they are, so nobody has to wait for that.
    const pulled = send(host, [deleteLink({ ifindex: nic.value.ifindex, name })]);
    if (!pulled.ok) return pulled;
  }
  for (const { name } of spec.containers) lab.close(name);
  lab.close(host.name);
  const opened = openHostWith(lab, spec, { platform: afterBoot(lab.platform), store, door });
  if (!opened.ok) return opened;
  for (const container of spec.containers) {
    const empty = openContainer(lab, host.name, container);
    if (!empty.ok) return empty;
  }
  const ready = await waitUntilReady(lab);
  if (!ready.ok) return ready;
  const { role } = opened.value;
  const setUp = await setUpNode(lab.platform, opened.value, spec);
  return setUp.ok && role.kind === "host" ? await door.open(opened.value, role) : setUp;
}

/** What a host stands on. */
interface Ground {
  readonly platform: Platform;
  readonly store: Store;
  readonly door: HostDoor;
}

function openHostWith(
  lab: Lab,
  spec: ScenarioHost,
  { platform, store, door }: Ground,
): Result<RunningNode, Problem> {
  const role = (hostNamespace: NetnsHandle): HostRole => {
    const locks = memoryLocks();
    const own = { platform: door.platformFor(platform), store, hostNamespace, locks };
    const open = () => openEngine(own);
    return { kind: "host", spec, engine: open(), store, openEngine: open, door };
  };
  const node = lab.open(spec.name, role);
  if (!node.ok) return node;
  for (const nic of spec.nics) {
    const plugged = plugIn(lab, node.value, nic);
    if (!plugged.ok) return plugged;
  }
  return ok(node.value);
}

/** A machine that was just started: a new boot id, and a boot clock near zero. */
function afterBoot(platform: Platform): Platform {
  const { clock, process } = platform;
  const start = clock.boottime();
  const bootId = crypto.randomUUID() as string as BootId;
  return {
    ...platform,
    clock: { ...clock, boottime: () => millis(clock.boottime() - start) },
    process: { ...process, bootId },
  };
}
