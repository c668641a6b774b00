import { err, mapResult, ok, type Problem, type Result } from "../../base/index.ts";
import type { EndpointView } from "../../engine/index.ts";
import type { ProcessChange, Service } from "../format/actions.ts";
import { labUnsupported } from "../lab-problems.ts";
import { attachContainer, createScenarioNetwork } from "./attach-containers.ts";
import {
  type AttachWish,
  type HostDoor,
  type HostRole,
  hostRole,
  type Lab,
  type Told,
} from "./lab.ts";
import { killContainer, startContainer } from "./open-container.ts";

/** Link names of containers that the file does not name: eth0, eth1, … */
const CONTAINER_LINK = "eth";

/** The door of `landfall attach`: the engine is asked itself, by a container's namespace. */
export function attachDoor(lab: Lab, host: string): HostDoor {
  const role = (): HostRole => hostRole(lab, host);
  return {
    platformFor: (platform) => platform,
    open: async () => ok(),
    powerOff: async () => undefined,
    createNetwork: (network) => createScenarioNetwork(role().engine, network),
    removeNetwork: async (network) =>
      mapResult(await role().engine.removeNetwork(network), () => []),
    attach: (container, wish) => attach(lab, role(), container, wish),
    detach: async (container, network) => {
      const all = await endpointsOf(role(), container);
      if (!all.ok) return all;
      const meant = all.value.filter((row) => network === undefined || network === row.network);
      if (meant.length === 0) return ok("was not attached");
      return mapResult(await detachAll(role(), meant), () => "detached");
    },
    change: (container, change) => changeContainer(lab, role(), container, change),
    changeService: async (service, change) => err(noService(service, change, host)),
    linkOn: async (container, network) => {
      const all = await endpointsOf(role(), container);
      if (!all.ok) return undefined;
      return all.value.find((row) => row.network === network)?.endpoint.ifname;
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

async function attach(
  lab: Lab,
  role: HostRole,
  container: string,
  wish: AttachWish,
): Promise<Told> {
  const all = await endpointsOf(role, container);
  if (!all.ok) return all;
  const taken = all.value.map(({ endpoint }) => endpoint.ifname as string);
  const names = Array.from({ length: taken.length + 1 }, (_, n) => `${CONTAINER_LINK}${n}`);
  const ifname = names.find((name) => !taken.includes(name)) ?? `${CONTAINER_LINK}0`;
  const attached = await attachContainer(role.engine, lab.node(container), { ...wish, ifname });
  return mapResult(attached, ({ warnings = [] }) => warnings);
}

/** What the engine has in its book for a container. */
async function endpointsOf(
  { engine }: HostRole,
  container: string,
): Promise<Result<readonly EndpointView[], Problem>> {
  return mapResult(await engine.listEndpoints(), (rows) =>
    rows.filter(({ endpoint }) => endpoint.workload === container),
  );
}

async function detachAll(
  { engine }: HostRole,
  endpoints: readonly EndpointView[],
): Promise<Result<void, Problem>> {
  for (const { endpoint } of endpoints) {
    const detached = await engine.detach({ kind: "id", id: endpoint.id });
    if (!detached.ok) return detached;
  }
  return ok();
}

async function changeContainer(
  lab: Lab,
  role: HostRole,
  container: string,
  change: ProcessChange,
): Promise<Told> {
  if (change === "start") return await startContainer(lab, role, container);
  if (change !== "kill") {
    // As a runtime ends one: it gives back what the container has, and then the namespace goes.
    const all = await endpointsOf(role, container);
    const given = all.ok ? await detachAll(role, all.value) : all;
    if (!given.ok) return given;
  }
  const gone = await killContainer(lab, role, container);
  if (!gone.ok) return gone;
  return change === "restart" ? await startContainer(lab, role, container) : ok([]);
}

/** Only Docker and its daemon are services of a host. */
export function noService(service: Service, change: ProcessChange, host: string): Problem {
  const what = `${service === "daemon" ? "a daemon" : "an engine"} without Docker`;
  return labUnsupported({ what: `${what} ("${change} ${service} on ${host}")` });
}
