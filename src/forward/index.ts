/**
 * How a call of a CNI plugin comes to the daemon: the frames on its socket, and whoever sends them.
 * native/cni-shim.c speaks the same. Contract: a call is never done twice, so whoever asks learns
 * whether it may do the work itself. Must stay small: it is loaded for every container.
 */
export { type Asked, askDaemon, cniSocket, type DaemonLine } from "./ask-daemon.ts";
export {
  CALLERS_HOME,
  CALLERS_MOUNTS,
  CALLERS_NETNS,
  inodeOf,
} from "./callers-namespaces.ts";
export { cniDirectories, defaultDirectories } from "./directories.ts";
export { type Decoded, decodeFrame, encodeFrame, FRAME_BYTES_MAX, type Frame } from "./frame.ts";
export { errorReply, lostReply } from "./lost-reply.ts";
export type { PluginCall, PluginReply, PluginRunner } from "./plugin-call.ts";
export {
  type PluginName,
  pluginNames,
  pluginOf,
  STAND_IN,
  type Start,
  type StartedPlugin,
} from "./plugin-of.ts";
