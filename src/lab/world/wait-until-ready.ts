import type { Mac } from "../../addr/index.ts";
import { err, millis, ok, type Problem, type Result, seconds } from "../../base/index.ts";
import { type Link, listAddresses, listFdb, listLinks } from "../../netlink/index.ts";
import { labNotReady } from "../lab-problems.ts";
import type { Lab, RunningNode } from "./lab.ts";
import { refusedOn } from "./requests.ts";

/**
 * Duplicate address detection takes up to 2 s, link watch up to 1 s; the rest is for busy machines.
 */
const PATIENCE = seconds(10);
const PAUSE = millis(5);

/**
 * Waits until every link that is set up is operational, by what the kernel says and not by time.
 */
export function waitUntilReady(lab: Lab): Promise<Result<void, Problem>> {
  return waitFor(lab, () => firstOf([...lab.nodes.values()], unreadyLink));
}

/** Waits until no IPv6 address of these nodes is in doubt any more. */
export function waitForAddresses(
  lab: Lab,
  nodes: readonly RunningNode[],
): Promise<Result<void, Problem>> {
  return waitFor(lab, () => firstOf(nodes, tentativeAddress));
}

/** Waits until no parent of this host receives for any of these MACs any more. */
export function waitUntilForgotten(
  lab: Lab,
  host: RunningNode,
  macs: ReadonlySet<Mac>,
): Promise<Result<void, Problem>> {
  return waitFor(lab, () => {
    const entries = host.link.dump(listFdb());
    if (!entries.ok) return err(refusedOn(host.name, entries.error));
    const left = entries.value.find(({ mac }) => macs.has(mac));
    return ok(left === undefined ? undefined : `${left.mac} lives on ${host.name}`);
  });
}

/** Repeats `ask` until it finds nothing, or patience ends. */
async function waitFor(
  lab: Lab,
  ask: () => Result<string | undefined, Problem>,
): Promise<Result<void, Problem>> {
  const { clock } = lab.platform;
  const deadline = clock.boottime() + PATIENCE;
  for (;;) {
    const found = ask();
    if (!found.ok) return found;
    if (found.value === undefined || lab.signal.aborted) return ok();
    if (clock.boottime() > deadline) {
      return err(labNotReady({ what: found.value, seconds: PATIENCE / 1000 }));
    }
    await clock.sleep(PAUSE, lab.signal);
  }
}

function firstOf(
  nodes: readonly RunningNode[],
  ask: (node: RunningNode) => Result<string | undefined, Problem>,
): Result<string | undefined, Problem> {
  for (const node of nodes) {
    const found = ask(node);
    if (!found.ok || found.value !== undefined) return found;
  }
  return ok(undefined);
}

function unreadyLink(node: RunningNode): Result<string | undefined, Problem> {
  const links = node.link.dump(listLinks());
  if (!links.ok) return err(refusedOn(node.name, links.error));
  const waiting = links.value.find(isComing);
  return ok(waiting === undefined ? undefined : `${node.name}/${waiting.name} is not operational`);
}

/** It has a carrier, and the kernel's link watch has not acted on it yet. */
function isComing({ state, carrier, operState }: Link): boolean {
  return state === "up" && carrier === true && operState !== "up" && operState !== "unknown";
}

function tentativeAddress(node: RunningNode): Result<string | undefined, Problem> {
  const addresses = node.link.dump(listAddresses(6));
  if (!addresses.ok) return err(refusedOn(node.name, addresses.error));
  const tentative = addresses.value.filter(
    (row) => row.flags.includes("tentative") && !row.flags.includes("dadfailed"),
  );
  if (tentative.length === 0) return ok(undefined);
  const links = node.link.dump(listLinks());
  if (!links.ok) return err(refusedOn(node.name, links.error));
  // Without a carrier nobody is asked, so there the doubt has no end.
  const live = links.value.filter(({ state, carrier }) => state === "up" && carrier === true);
  const waiting = tentative.find(({ ifindex }) => live.some((link) => link.ifindex === ifindex));
  return ok(waiting === undefined ? undefined : `${waiting.address} of ${node.name} is tentative`);
}
