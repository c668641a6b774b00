/**
 * Docker's words for what the engine does: libnetwork's remote network driver and remote address
 * manager, as answers to HTTP requests. Every call may be repeated, has a deadline, and ends in an
 * answer. Must not decide anything or change the kernel. What answers a call must not ask Docker
 * (that would be a deadlock); the collector may.
 */
export {
  type Collected,
  type Collector,
  type CollectorOptions,
  dockerCollector,
} from "./collector.ts";
export { type DockerPlugin, type DockerPluginOptions, dockerPlugin } from "./docker-plugin.ts";
export { type EngineApi, engineApi } from "./engine-api.ts";
export { engineSocket, findContainer } from "./find-container.ts";
export type { Listener } from "./ports.ts";
export { dockerProblems } from "./problems.ts";
