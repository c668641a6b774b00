import { object, or } from "@optique/core/constructs";
import { map, optional } from "@optique/core/modifiers";
import { command, constant, option } from "@optique/core/primitives";
import { ok, type Problem, type Result } from "../../base/index.ts";
import type { Command } from "../command.ts";
import { examples, groupUsage, positional, shortUsage, words } from "./describe.ts";
import { address, segmentName } from "./value-parsers.ts";

const ls = command(
  "ls",
  map(object({ kind: constant("lease-ls") }), (it): Result<Command, Problem> => ok(it)),
  {
    aliases: ["list"],
    brief: words("List the addresses that are given, and those that rest."),
    footer: examples("landfall lease ls", "landfall lease ls --format json"),
  },
);

const releaseOptions = object({
  kind: constant("lease-release"),
  address: positional(address, "The address that rests."),
  segment: optional(
    option("--segment", segmentName, {
      description: words("On this segment; the default is wherever it rests."),
    }),
  ),
});

const release = command(
  "release",
  map(releaseOptions, ({ segment, ...rest }): Result<Command, Problem> => {
    return ok({ ...rest, ...(segment === undefined ? {} : { segment }) });
  }),
  {
    brief: words("End the rest of an address."),
    description: words(
      "Gives the address out again like any other. One that an endpoint has is freed by detach.",
    ),
    usageLine: shortUsage,
    footer: examples("landfall lease release 192.168.1.20"),
  },
);

/** `landfall lease …` */
export const leaseCommand = command("lease", or(ls, release), {
  usageLine: groupUsage,
  brief: words("Leases: who has which address, and which addresses rest."),
  footer: examples("landfall lease ls"),
});
