import type { Mac } from "../addr/index.ts";
import type { Parent } from "../attach/index.ts";
import { err, ok, type Problem, type Result } from "../base/index.ts";
import {
  type Driver,
  type Network,
  type NetworkSpec,
  passthruCutsHost,
  passthruExclusive,
  passthruMac,
} from "../domain/index.ts";
import type { Transaction } from "../store/index.ts";

/** What the host loses by endpoints of this driver on the parent. */
export function passthruWarnings(driver: Driver, parent: Parent): readonly Problem[] {
  if (driver.mode !== "passthru") return [];
  return [passthruCutsHost({ parent: parent.name, addresses: parent.addresses })];
}

/** Refuses a network that would have to share a parent with one in mode passthru. */
export function refuseBesidePassthru(tx: Transaction, network: Network): Problem | undefined {
  const clash = tx.networks
    .bySegment(network.segment)
    .find((other) => isPassthru(other) || isPassthru(network));
  return clash === undefined ? undefined : exclusive(network, `network ${clash.name}`);
}

/** Refuses an endpoint where its own link or one that is there takes the parent for itself. */
export function refuseSharedPassthru(tx: Transaction, network: Network): Problem | undefined {
  for (const other of tx.networks.bySegment(network.segment)) {
    if (!isPassthru(network) && !isPassthru(other)) continue;
    const [holder] = tx.endpoints.byNetwork(other.id);
    if (holder === undefined) continue;
    return exclusive(network, `endpoint ${holder.id} of network ${other.name}`);
  }
  return undefined;
}

/** The MAC of a passthru endpoint is its parent's; only that may be asked for. */
export function passthruMacOf(parent: Parent, asked: Mac | undefined): Result<Mac, Problem> {
  const parentMac = parent.mac ?? asked;
  if (parentMac !== undefined && (asked ?? parentMac) === parentMac) return ok(parentMac);
  return err(passthruMac({ mac: asked ?? "none", parent: parent.name, parentMac: `${parentMac}` }));
}

function isPassthru({ driver }: NetworkSpec): boolean {
  return driver.mode === "passthru";
}

function exclusive({ parent, name }: Network, other: string): Problem {
  return passthruExclusive({ parent, network: `Network ${name}`, other });
}
