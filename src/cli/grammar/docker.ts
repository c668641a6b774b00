import { object, or } from "@optique/core/constructs";
import { map, optional, withDefault } from "@optique/core/modifiers";
import { command, constant, flag, option } from "@optique/core/primitives";
import { err, ok, type Problem, type Result } from "../../base/index.ts";
import type { Command, DockerInstallCommand } from "../command.ts";
import { usageWrong } from "../problems.ts";
import { examples, groupUsage, shortUsage, words } from "./describe.ts";
import { word } from "./value-parsers.ts";

const options = {
  dryRun: withDefault(
    flag("--dry-run", { description: words("Say what it would do, and do nothing.") }),
    false,
  ),
  root: optional(
    option("--root", word("DIR"), {
      description: words(
        "For builders of images: the root of a system that does not run. Units are put in place " +
          "and enabled there, and nothing is started.",
      ),
    }),
  ),
};

const install = command(
  "install",
  map(object({ kind: constant("docker-install"), ...options }), installCommand),
  {
    brief: words("Make the daemon a service of systemd, which Docker finds as a network driver."),
    description: words(
      "Writes landfall.socket and landfall.service to /etc/systemd/system, enables and starts " +
        "them, and greets the daemon as Docker would. When something fails everything is put " +
        "back. A unit that somebody changed is kept as it is.",
    ),
    usageLine: shortUsage,
    footer: examples("landfall docker install", "landfall docker install --dry-run"),
  },
);

const uninstall = command(
  "uninstall",
  map(object({ kind: constant("docker-uninstall"), ...options }), installCommand),
  {
    brief: words("Stop the service, and take away what docker install made."),
    description: words(
      "A unit that somebody changed is kept, and so is the state: endpoints stay as they are, " +
        "and networks are there again after the next install.",
    ),
    usageLine: shortUsage,
    footer: examples("landfall docker uninstall"),
  },
);

/** `landfall docker …` */
export const dockerCommand = command("docker", or(install, uninstall), {
  usageLine: groupUsage,
  brief: words("Docker: be a network driver of it, in the care of systemd."),
  footer: examples("landfall docker install"),
});

interface Given {
  readonly kind: DockerInstallCommand["kind"];
  readonly dryRun: boolean;
  readonly root: string | undefined;
}

function installCommand({ kind, dryRun, root }: Given): Result<Command, Problem> {
  const effect = dryRun ? "dry-run" : "done";
  if (root === undefined) return ok({ kind, effect });
  if (root.startsWith("/")) return ok({ kind, effect, root });
  const help = `landfall ${kind.replace("-", " ")} --help`;
  return err(usageWrong({ reason: "--root must be an absolute path.", help }));
}
