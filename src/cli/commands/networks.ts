import { mapResult, type Problem, type Result } from "../../base/index.ts";
import type { NetworkName, NetworkSpec } from "../../domain/index.ts";
import type { Engine, NetworkChange } from "../../engine/index.ts";
import type { Outcome } from "../outcome.ts";

type Handled = Promise<Result<Outcome, Problem>>;

export async function createNetwork(engine: Engine, spec: NetworkSpec): Handled {
  const created = await engine.createNetwork(spec);
  return mapResult(created, (view) => ({ kind: "network", event: "created", view }));
}

export async function listNetworks(engine: Engine): Handled {
  return mapResult(await engine.listNetworks(), (networks) => ({ kind: "networks", networks }));
}

export async function inspectNetwork(engine: Engine, name: NetworkName): Handled {
  const found = await engine.inspectNetwork(name);
  return mapResult(found, (view) => ({ kind: "network", event: "inspected", view }));
}

export async function updateNetwork(
  engine: Engine,
  change: NetworkChange,
  signal: AbortSignal,
): Handled {
  const changed = await engine.updateNetwork(change, { signal });
  return mapResult(changed, (view) => ({ kind: "network", event: "changed", view }));
}

export async function removeNetwork(
  engine: Engine,
  name: NetworkName,
  signal: AbortSignal,
): Handled {
  const removed = await engine.removeNetwork(name, { signal });
  return mapResult(removed, (view) => ({ kind: "network", event: "removed", view }));
}
