/**
 * Docker's words for what the engine does: libnetwork's remote network driver and remote address
 * manager, as answers to HTTP requests. Every call may be repeated, has a deadline, and ends in an
 * answer. Must not decide anything, change the kernel, or ask Docker (that would be a deadlock).
 */
export { type DockerPlugin, type DockerPluginOptions, dockerPlugin } from "./docker-plugin.ts";
export type { Listener } from "./ports.ts";
export { dockerProblems } from "./problems.ts";
