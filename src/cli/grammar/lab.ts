import { object, or } from "@optique/core/constructs";
import { map, multiple, optional, withDefault } from "@optique/core/modifiers";
import { argument, command, constant, option } from "@optique/core/primitives";
import { choice } from "@optique/core/valueparser";
import { ok, type Problem, type Result } from "../../base/index.ts";
import type { Door, KernelChoice } from "../../lab/index.ts";
import type { Command } from "../command.ts";
import { examples, groupUsage, shortUsage, words } from "./describe.ts";
import { scenarioFile, word } from "./value-parsers.ts";

/** `landfall demo` */
export const demoCommand = command(
  "demo",
  map(object({ kind: constant("demo") }), (demo): Result<Command, Problem> => ok(demo)),
  {
    brief: words("Build a small lab, measure who reaches whom, leave nothing behind."),
    description: words(
      'Builds the lab "first" in namespaces of its own: a switch, a host and containers on its ' +
        "macvlan network. Real packets show who reaches whom. No root is needed, and the host's " +
        "network is not touched.",
    ),
    footer: examples("landfall demo"),
  },
);

// Said again, and not imported: the lab is loaded only when it is to run.
const kernelChoices: readonly KernelChoice[] = ["auto", "host", "uml"];
const doorChoices: readonly Door[] = ["attach", "docker", "cni"];

const run = command(
  "run",
  map(
    object({
      files: multiple(
        argument(scenarioFile, { description: words("Scenario files, run one after the other.") }),
        { min: 1, errors: { tooFew: words("Name at least one scenario FILE.") } },
      ),
      kernel: withDefault(
        option("--kernel", choice(kernelChoices, { metavar: "KERNEL" }), {
          description: words(
            "Which kernel the labs run on: the running one (host), one that runs as a process " +
              "(uml), or the running one except for what it lacks a driver for (auto).",
          ),
        }),
        "auto",
      ),
      door: optional(
        option("--door", choice(doorChoices, { metavar: "DOOR" }), {
          description: words(
            "How containers come onto their networks, in place of what the files say: by " +
              "landfall attach, by a real Docker engine of the lab's own, or by CNI plugins.",
          ),
        }),
      ),
      dockerRoot: optional(
        option("--docker-root", word("DIR"), {
          description: words(
            "A folder with another Docker engine, as in /: DIR/usr/sbin/dockerd and what it needs.",
          ),
        }),
      ),
      cniPlugins: optional(
        option("--cni-plugins", word("DIR"), {
          description: words(
            "The folder with the plugins of door cni; the default is /opt/cni/bin, then " +
              "/usr/lib/cni.",
          ),
        }),
      ),
    }),
    labRun,
  ),
  {
    brief: words("Run scenario files and compare what they expect with real packets."),
    description: words(
      "Builds each scenario in namespaces, runs its checks, takes it down. Exits with 1 when a " +
        "check failed. With door docker each host gets a Docker engine of its own, which needs " +
        "root, and no trace of it stays; a scenario for which no engine can be started is skipped.",
    ),
    usageLine: shortUsage,
    footer: examples(
      "landfall lab run scenarios/S02-bridge-mode.yaml",
      "landfall lab run --format json scenarios/*.yaml",
      "landfall lab run --kernel uml scenarios/S02-bridge-mode.yaml",
      "sudo landfall lab run --door docker scenarios/S02-bridge-mode.yaml",
    ),
  },
);

/** `landfall lab …` */
export const labCommand = command("lab", or(run), {
  usageLine: groupUsage,
  brief: words("Networks in a bottle: run scenario files."),
  footer: examples("landfall lab run scenarios/S02-bridge-mode.yaml"),
});

function labRun(given: {
  readonly files: readonly string[];
  readonly kernel: KernelChoice;
  readonly door: Door | undefined;
  readonly dockerRoot: string | undefined;
  readonly cniPlugins: string | undefined;
}): Result<Command, Problem> {
  const { files, kernel, door, dockerRoot, cniPlugins } = given;
  return ok({
    kind: "lab-run",
    ...{ files, kernel },
    ...(door === undefined ? {} : { door }),
    ...(dockerRoot === undefined ? {} : { dockerRoot }),
    ...(cniPlugins === undefined ? {} : { cniPlugins }),
  });
}
