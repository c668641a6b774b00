/**
 * The one contract of daemon, command line and whoever else asks: documents, routes, problems, and
 * an engine that is a daemon's. What needs schemas is loaded only by who serves or forwards: a
 * command that does its work itself must not pay for them. Must not decide or do anything.
 */
export type { DaemonInfo, RemoteDaemon } from "./client.ts";
export {
  endpointDocument,
  leaseDocument,
  networkDocument,
  problemDocument,
  reconciledDocument,
} from "./encode.ts";
export { apiSocket, type DaemonQuest, findDaemon, realPath } from "./find-daemon.ts";
export {
  apiProblems,
  daemonElsewhere,
  daemonOtherState,
  internalError,
  pathUnknown,
  requestWrong,
  socketRefused,
} from "./problems.ts";

/** Loads the description of every route. */
export async function loadRoutes(): Promise<typeof import("./routes.ts")> {
  return await import("./routes.ts");
}
