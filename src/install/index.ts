/**
 * Puts the daemon in the care of systemd and the CNI plugins in a runtime's directory, and takes
 * both out again. Contract: everything or nothing; a second run changes nothing; what a person
 * changed is kept; the state is never touched. Must not know networks: what is asked of the daemon
 * is whether it answers.
 */
export {
  type CniInstallPorts,
  type CniInstallRequest,
  installCni,
  uninstallCni,
} from "./cni-plugins.ts";
export type { InstallEffect, InstallReport, InstallRequest, InstallStep } from "./docker-units.ts";
export { installDocker, uninstallDocker } from "./docker-units.ts";
export { openInstallPorts } from "./open-ports.ts";
export { pluginFiles } from "./plugin-files.ts";
export type { InstallPorts, Ran } from "./ports.ts";
export { installProblems } from "./problems.ts";
export { isShim, type ShimSettings, shimFor } from "./shim.ts";
