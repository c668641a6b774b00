import { object } from "@optique/core/constructs";
import { map, withDefault } from "@optique/core/modifiers";
import { command, option } from "@optique/core/primitives";
import { err, ok, type Problem, type Result, seconds } from "../../base/index.ts";
import type { Command } from "../command.ts";
import { usageWrong } from "../problems.ts";
import { examples, words } from "./describe.ts";
import { count } from "./value-parsers.ts";

const INTERVAL_DEFAULT = 30;
const INTERVAL_MAX = 24 * 60 * 60;

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
    }),
    daemon,
  ),
  {
    brief: words("Serve the other commands, and mend what breaks."),
    description: words(
      "Runs until it is ended (SIGTERM), and logs to stderr. Other commands with the same run " +
        "directory ask it instead of doing the work themselves. At its start, when links of the " +
        "host change and at intervals it does what reconcile does. Endpoints outlive it.",
    ),
    footer: examples("landfall daemon", "landfall daemon --interval 60 --format jsonl"),
  },
);

function daemon({ interval }: { readonly interval: number }): Result<Command, Problem> {
  if (interval >= 1 && interval <= INTERVAL_MAX) {
    return ok({ kind: "daemon", interval: seconds(interval) });
  }
  const reason = `--interval must be between 1 and ${INTERVAL_MAX} seconds.`;
  return err(usageWrong({ reason, help: "landfall daemon --help" }));
}
