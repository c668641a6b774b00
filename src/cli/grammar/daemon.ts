import { object } from "@optique/core/constructs";
import { map, optional, withDefault } from "@optique/core/modifiers";
import { command, option } from "@optique/core/primitives";
import { err, ok, type Problem, type Result, seconds } from "../../base/index.ts";
import type { Command, DockerSocket } from "../command.ts";
import { usageWrong } from "../problems.ts";
import { examples, words } from "./describe.ts";
import { count, word } from "./value-parsers.ts";

const INTERVAL_DEFAULT = 30;
const INTERVAL_MAX = 24 * 60 * 60;
/** Where Docker looks for a driver of this name. */
export const DOCKER_SOCKET = "/run/docker/plugins/landfall.sock";

/** `landfall daemon` */
export const daemonCommand = command(
  "daemon",
  map(
    object({
      interval: withDefault(
        option("--interval", count("SECONDS"), {
          description: words("How often book and kernel are compared when nothing happens."),
        }),
        INTERVAL_DEFAULT,
      ),
      dockerSocket: optional(
        option("--docker-socket", word("PATH"), {
          description: words(
            `Where Docker finds its network driver; "none" for nowhere. The default is ` +
              `${DOCKER_SOCKET}, if it can be had.`,
          ),
        }),
      ),
    }),
    daemon,
  ),
  {
    brief: words("Serve the other commands, and mend what breaks."),
    description: words(
      "Runs until it is ended (SIGTERM), and logs to stderr. Other commands with the same run " +
        "directory ask it instead of doing the work themselves. At its start, when links of the " +
        "host change and at intervals it does what reconcile does. Endpoints outlive it. It also " +
        "is a network driver of Docker, whose name there is that of its socket.",
    ),
    footer: examples("landfall daemon", "landfall daemon --interval 60 --format jsonl"),
  },
);

interface Given {
  readonly interval: number;
  readonly dockerSocket: string | undefined;
}

function daemon({ interval, dockerSocket }: Given): Result<Command, Problem> {
  const help = "landfall daemon --help";
  if (interval < 1 || interval > INTERVAL_MAX) {
    const reason = `--interval must be between 1 and ${INTERVAL_MAX} seconds.`;
    return err(usageWrong({ reason, help }));
  }
  const docker = dockerSocketOf(dockerSocket);
  if (docker !== undefined) return ok({ kind: "daemon", interval: seconds(interval), docker });
  const reason = "--docker-socket must be none, or an absolute path that ends in NAME.sock.";
  return err(usageWrong({ reason, help }));
}

/** Docker takes the driver's name from the file's, and only from such files. */
function dockerSocketOf(given: string | undefined): DockerSocket | undefined {
  if (given === undefined) return { kind: "wanted", path: DOCKER_SOCKET };
  if (given === "none") return { kind: "none" };
  return /^\/(?:.*\/)?[^/]+\.sock$/.test(given) ? { kind: "required", path: given } : undefined;
}
