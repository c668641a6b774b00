import { object, or } from "@optique/core/constructs";
import { map } from "@optique/core/modifiers";
import { command, constant } from "@optique/core/primitives";
import { ok, type Problem, type Result } from "../../base/index.ts";
import type { Command } from "../command.ts";
import { examples, groupUsage, positional, words } from "./describe.ts";
import { endpointId } from "./value-parsers.ts";

const ls = command(
  "ls",
  map(object({ kind: constant("endpoint-ls") }), (it): Result<Command, Problem> => ok(it)),
  {
    aliases: ["list"],
    brief: words("List the endpoints."),
    footer: examples("landfall endpoint ls", "landfall endpoint ls --format jsonl"),
  },
);

const inspect = command(
  "inspect",
  map(
    object({
      kind: constant("endpoint-inspect"),
      id: positional(endpointId, "The endpoint's id."),
    }),
    (it): Result<Command, Problem> => ok(it),
  ),
  {
    brief: words("Show one endpoint."),
    footer: examples("landfall endpoint inspect ep-0123456789"),
  },
);

/** `landfall endpoint …` */
export const endpointCommand = command("endpoint", or(ls, inspect), {
  usageLine: groupUsage,
  brief: words("Endpoints: what is attached to the networks."),
  footer: examples("landfall endpoint ls"),
});
