/**
 * Real Docker engines on machines of their own, for labs and tests. A machine is namespaces and a
 * tmpfs: nothing of the real machine's Docker, mounts or files is touched, and nothing outlives the
 * process that asked for it, however that ends. Must not know what the engines are used for.
 */
export { type Dockerd, type DockerdSettings, openDockerd, ownBridge } from "./dockerd.ts";
export { IMAGE, writeBusyboxTar } from "./image.ts";
export { type BootedMachine, type DockerMachine, openDockerMachine } from "./machine.ts";
export { dockerdProblems } from "./problems.ts";
export { type DockerdPrograms, findDockerd } from "./programs.ts";
export { type Ran, runToEnd } from "./run-to-end.ts";
