import { object } from "@optique/core/constructs";
import { map, withDefault } from "@optique/core/modifiers";
import { command, constant, flag } from "@optique/core/primitives";
import { ok, type Problem, type Result } from "../../base/index.ts";
import type { Command } from "../command.ts";
import { examples, words } from "./describe.ts";

/** `landfall status` */
export const statusCommand = command(
  "status",
  map(object({ kind: constant("status") }), (it): Result<Command, Problem> => ok(it)),
  {
    brief: words("Compare the book with the kernel."),
    description: words(
      "Lists what is in flight and every endpoint about which book and kernel do not agree. " +
        "Changes nothing. Exits with 1 when there is something.",
    ),
    footer: examples("landfall status", "landfall status --format json"),
  },
);

/** `landfall reconcile` */
export const reconcileCommand = command(
  "reconcile",
  map(
    object({
      kind: constant("reconcile"),
      dryRun: withDefault(
        flag("--dry-run", { description: words("Say what it would do, and do nothing.") }),
        false,
      ),
    }),
    ({ kind, dryRun }): Result<Command, Problem> => ok({ kind, effect: dryRun ? "none" : "all" }),
  ),
  {
    brief: words("End what was interrupted, collect what is gone."),
    description: words(
      "Completes or undoes operations whose process died, and forgets endpoints whose sandbox is " +
        "gone. What is not Landfall's, or cannot be decided, is told and left alone.",
    ),
    footer: examples("landfall reconcile --dry-run", "landfall reconcile"),
  },
);
