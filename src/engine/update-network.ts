import { changeDriver, openConversation } from "../attach/index.ts";
import { err, ok, type Problem, type Result } from "../base/index.ts";
import {
  type Driver,
  type Endpoint,
  type Network,
  ownerBusy,
  parseDriverChange,
  sandboxUnreachable,
} from "../domain/index.ts";
import type { Transaction } from "../store/index.ts";
import { type EngineDeps, missingNetwork } from "./deps.ts";
import type { NetworkChange, NetworkView } from "./engine.ts";
import { confirmGone, findSandbox } from "./sandbox-side.ts";

/**
 * Changes the mode or the list of a network and of every link on it: first the book, then the
 * links. When one refuses, book and links get the former driver back.
 */
export async function updateNetwork(
  deps: EngineDeps,
  change: NetworkChange,
): Promise<Result<NetworkView, Problem>> {
  const intent = await commitIntent(deps, change);
  if (!intent.ok) return intent;
  const { before, after } = intent.value;
  for (const endpoint of after.endpoints) {
    const done = changeEndpoint(deps, endpoint, after.network);
    if (!done.ok) return err(await giveBack(deps, before, done.error));
  }
  return ok({ network: after.network, endpoints: after.endpoints.map(({ id }) => id) });
}

interface Intent {
  readonly before: Network;
  readonly after: { readonly network: Network; readonly endpoints: readonly Endpoint[] };
}

/** The network with its new driver; refused while an endpoint is between two states. */
function commitIntent(
  deps: EngineDeps,
  { name, ...change }: NetworkChange,
): Promise<Result<Intent, Problem>> {
  return deps.store.transact((tx) => {
    const before = tx.networks.byName(name);
    if (before === undefined) return err(missingNetwork(tx, name));
    const driver = parseDriverChange(before.driver, change);
    if (!driver.ok) return driver;
    const endpoints = tx.endpoints.byNetwork(before.id);
    const busy = endpoints.find((endpoint) => endpoint.state !== "attached");
    if (busy !== undefined) {
      const { sandbox, ifname, state } = busy;
      return err(ownerBusy({ sandbox: sandbox.path, ifname, operation: state }));
    }
    return ok({ before, after: { network: writeDriver(tx, before, driver.value), endpoints } });
  });
}

function writeDriver(tx: Transaction, network: Network, driver: Driver): Network {
  const changed: Network = { ...network, driver };
  tx.networks.replace(changed);
  return changed;
}

/** Undoes everything, and returns why, with what could not be undone. */
async function giveBack(deps: EngineDeps, before: Network, why: Problem): Promise<Problem> {
  const written = await deps.store.transact((tx) => {
    const network = tx.networks.get(before.id);
    if (network !== undefined) writeDriver(tx, network, before.driver);
    // All that are there now: one may have come with the new driver.
    return ok(tx.endpoints.byNetwork(before.id));
  });
  if (!written.ok) return { ...why, causes: [written.error] };
  const causes = written.value.flatMap((endpoint) => {
    const undone = changeEndpoint(deps, endpoint, before);
    // What could not be reached before is as it was.
    return undone.ok || undone.error.code === sandboxUnreachable.code ? [] : [undone.error];
  });
  return causes.length === 0 ? why : { ...why, causes };
}

/** The link of one endpoint; one that went with its sandbox needs nothing. */
function changeEndpoint(
  deps: EngineDeps,
  endpoint: Endpoint,
  network: Network,
): Result<void, Problem> {
  const found = findSandbox(deps, endpoint.sandbox);
  if (!found.ok) return found;
  // A link that lives although nothing leads to its sandbox would keep its mode.
  if (found.value.kind === "gone") return confirmGone(deps, endpoint, network);
  using netns = found.value.netns;
  const conversation = openConversation(deps.platform, netns);
  if (!conversation.ok) return conversation;
  using inside = conversation.value;
  return changeDriver(inside, endpoint.link, network.driver);
}
