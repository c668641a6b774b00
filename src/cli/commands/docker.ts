import { err, mapResult, type Problem, type Result } from "../../base/index.ts";
import { defaultDirectories } from "../../forward/index.ts";
import type { DockerInstallCommand, Globals } from "../command.ts";
import type { Outcome } from "../outcome.ts";
import { usageWrong } from "../problems.ts";
import type { CommandContext } from "./context.ts";

/** Hands the daemon to systemd, or takes it back. Errors: LF-USAGE, and the installation's. */
export async function installDocker(
  { kind, ...request }: DockerInstallCommand,
  { ports, globals }: CommandContext,
): Promise<Result<Outcome, Problem>> {
  const isInstall = kind === "docker-install";
  const elsewhere = isInstall ? directoryElsewhere(globals) : undefined;
  if (elsewhere !== undefined) return err(elsewhere);
  const { docker } = ports;
  const done = await (isInstall ? docker.install(request) : docker.uninstall(request));
  return mapResult(done, (report) => ({ kind: "install", report }));
}

/** systemd makes the daemon's directories; commands that look elsewhere would not find it. */
function directoryElsewhere({ stateOrigin, runDirectory }: Globals): Problem | undefined {
  if (stateOrigin === "default" && runDirectory === defaultDirectories.run) return undefined;
  const reason =
    "systemd makes the daemon's directories, so --state-dir and --run-dir (LANDFALL_STATE_DIR, " +
    "LANDFALL_RUN_DIR) have no part in docker install.";
  return usageWrong({ reason, help: "landfall docker install --help" });
}
