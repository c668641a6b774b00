/**
 * The long-running host around the engine: the HTTP API on its socket, and the caretaker that ends
 * what was interrupted and collects what is gone. Everything it knows is in the store, so it may
 * end at any moment; endpoints outlive it. Must not decide what the engine decides.
 */
export { type ApiOptions, apiServer } from "./api-server.ts";
export { type DockerDoor, openDockerDoor } from "./docker-door.ts";
export { type DockerListener, dockerListener } from "./docker-listener.ts";
export { inheritedSockets } from "./inherited-sockets.ts";
export { daemonProblems } from "./problems.ts";
export { type DaemonOptions, type DockerService, type LogFormat, runDaemon } from "./run-daemon.ts";
