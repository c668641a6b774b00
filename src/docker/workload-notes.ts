import type { Ip } from "../addr/index.ts";
import type { NetworkName, WorkloadName } from "../domain/index.ts";

/** Docker asks for an address and makes the endpoint at once; more are not on their way. */
const NOTES_MAX = 1024;

/**
 * Whose an address is to be, between the call that asks for it, which says the container's name
 * (from Docker 29 on), and the one that makes the endpoint, which does not.
 */
export class WorkloadNotes {
  readonly #notes = new Map<string, WorkloadName>();

  note(network: NetworkName, address: Ip, workload: WorkloadName): void {
    this.#notes.set(keyOf(network, address), workload);
    const oldest = this.#notes.keys().next();
    if (this.#notes.size > NOTES_MAX && !oldest.done) this.#notes.delete(oldest.value);
  }

  /** Stays noted: Docker may repeat the call. */
  find(network: NetworkName, addresses: readonly Ip[]): WorkloadName | undefined {
    return addresses
      .map((address) => this.#notes.get(keyOf(network, address)))
      .find((workload) => workload !== undefined);
  }

  forget(network: NetworkName, address: Ip): void {
    this.#notes.delete(keyOf(network, address));
  }
}

function keyOf(network: NetworkName, address: Ip): string {
  return `${address} ${network}`;
}
