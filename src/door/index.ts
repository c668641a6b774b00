/**
 * Sockets that only their owner may use, and the calls of CNI plugins that come through one: to the
 * daemon, or to what stands in for it where none runs. Must not know what a call does. Stays small:
 * without a daemon a runtime's first call waits for it to be loaded.
 */
export { type CniDoor, openCniDoor } from "./cni-door.ts";
export type { CniListener, CniTiming } from "./cni-visit.ts";
export { drain } from "./drain.ts";
export { isTaken, type Listener, listen, prepareDirectory, wordsOf } from "./listen.ts";
export { doorProblems, listenRefused } from "./problems.ts";
export { runStandIn, type StandInOptions, type StandInTiming } from "./stand-in.ts";
