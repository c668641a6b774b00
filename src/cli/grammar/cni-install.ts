import { object } from "@optique/core/constructs";
import { map, multiple, withDefault } from "@optique/core/modifiers";
import { command, constant, flag, option } from "@optique/core/primitives";
import { choice } from "@optique/core/valueparser";
import { err, ok, type Problem, type Result } from "../../base/index.ts";
import { cniDirectories, pluginNames } from "../../forward/index.ts";
import type { CniInstallCommand, Command } from "../command.ts";
import { usageWrong } from "../problems.ts";
import { examples, shortUsage, words } from "./describe.ts";
import { word } from "./value-parsers.ts";

const OWN = "landfall";
const ALL = "all";
const others = pluginNames.filter((name) => name !== OWN);

const directories = {
  binDirectory: withDefault(
    option("--bin-dir", word("DIR"), {
      description: words(
        `Where the runtime looks for plugins; ${cniDirectories.bin} by default. Runtimes of ` +
          "Debian's look in /usr/lib/cni.",
      ),
    }),
    cniDirectories.bin,
  ),
  confDirectory: withDefault(
    option("--conf-dir", word("DIR"), {
      description: words(
        `Where the runtime's configurations are; ${cniDirectories.conf} by default.`,
      ),
    }),
    cniDirectories.conf,
  ),
  dryRun: withDefault(
    flag("--dry-run", { description: words("Say what it would do, and do nothing.") }),
    false,
  ),
};

/** `landfall cni install` */
export const cniInstallCommand = command(
  "install",
  map(
    object({
      kind: constant("cni-install"),
      replace: multiple(
        option("--replace", choice([...others, ALL], { metavar: "PLUGIN" }), {
          description: words(
            "A plugin of the reference's whose place is taken as well, so that configurations " +
              "need not change; may be repeated.",
          ),
        }),
      ),
      ...directories,
    }),
    installCommand,
  ),
  {
    brief: words("Put the CNI plugins where container runtimes find them."),
    description: words(
      "Puts the plugin landfall, and those that --replace names, into the runtime's directory, " +
        "and an example of a configuration, which no runtime reads, into the other. They hand " +
        "their calls to the daemon, and do the work themselves where none runs. What a plugin " +
        "replaces is kept beside it as NAME.before-landfall. When something fails everything is " +
        "put back.",
    ),
    usageLine: shortUsage,
    footer: examples(
      "landfall cni install --dry-run",
      "landfall cni install",
      "landfall cni install --replace macvlan --replace host-local",
    ),
  },
);

/** `landfall cni uninstall` */
export const cniUninstallCommand = command(
  "uninstall",
  map(object({ kind: constant("cni-uninstall"), ...directories }), (given) =>
    installCommand({ ...given, replace: [] }),
  ),
  {
    brief: words("Take the CNI plugins away, and put back what they replaced."),
    description: words(
      "Takes away all plugins of Landfall's in the directory. What somebody put in their place " +
        "since, and an example that was changed, are kept, and so is the state: endpoints stay " +
        "as they are.",
    ),
    usageLine: shortUsage,
    footer: examples("landfall cni uninstall"),
  },
);

interface Given {
  readonly kind: CniInstallCommand["kind"];
  readonly replace: readonly string[];
  readonly binDirectory: string;
  readonly confDirectory: string;
  readonly dryRun: boolean;
}

function installCommand(given: Given): Result<Command, Problem> {
  const { kind, replace, binDirectory, confDirectory, dryRun } = given;
  const help = `landfall ${kind.replace("-", " ")} --help`;
  for (const [option, path] of [
    ["--bin-dir", binDirectory],
    ["--conf-dir", confDirectory],
  ]) {
    if (path?.startsWith("/")) continue;
    return err(usageWrong({ reason: `${option} must be an absolute path.`, help }));
  }
  const chosen = pluginNames.filter(
    (name) => name === OWN || replace.includes(ALL) || replace.includes(name),
  );
  const effect = dryRun ? "dry-run" : "done";
  return ok({ kind, effect, binDirectory, confDirectory, plugins: chosen });
}
