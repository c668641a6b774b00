import { object } from "@optique/core/constructs";
import { optional } from "@optique/core/modifiers";
import { option } from "@optique/core/primitives";
import { choice } from "@optique/core/valueparser";
import { defaultDirectories } from "../../forward/index.ts";
import { type Format, formats, type Globals } from "../command.ts";
import { words } from "./describe.ts";
import { word } from "./value-parsers.ts";

const { state: STATE_DIRECTORY, run: RUN_DIRECTORY } = defaultDirectories;

/** The options that stand before or after any command. */
export const globalOptions = object(
  "Global options",
  {
    stateDirectory: optional(
      option("--state-dir", word("DIR"), {
        description: words(`Where the state lives (LANDFALL_STATE_DIR, or ${STATE_DIRECTORY}).`),
      }),
    ),
    runDirectory: optional(
      option("--run-dir", word("DIR"), {
        description: words(`Where sockets and locks live (LANDFALL_RUN_DIR, or ${RUN_DIRECTORY}).`),
      }),
    ),
    format: optional(
      option("--format", choice(formats, { metavar: "FORMAT" }), {
        description: words("How to write the result; the default is table."),
      }),
    ),
    quiet: option("-q", "--quiet", { description: words("Write only names and ids.") }),
    noColor: option("--no-color", { description: words("No colours (also: NO_COLOR).") }),
  },
  { hidden: "usage" },
);

interface GivenGlobals {
  readonly stateDirectory: string | undefined;
  readonly runDirectory: string | undefined;
  readonly format: Format | undefined;
  readonly quiet: boolean;
  readonly noColor: boolean;
}

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** An option beats its variable, a variable beats the default; an empty variable is not set. */
export function resolveGlobals(given: GivenGlobals, env: Environment): Globals {
  const stateDirectory = given.stateDirectory ?? (env.LANDFALL_STATE_DIR || undefined);
  return {
    stateDirectory: stateDirectory ?? STATE_DIRECTORY,
    stateOrigin: stateDirectory === undefined ? "default" : "given",
    runDirectory: given.runDirectory ?? (env.LANDFALL_RUN_DIR || RUN_DIRECTORY),
    format: given.format ?? "table",
    verbosity: given.quiet ? "quiet" : "normal",
    color: given.noColor || env.NO_COLOR ? "never" : "auto",
  };
}

/**
 * What to write when the command line could not be parsed: a program that asked for JSON gets its
 * problem as JSON even then.
 */
export function globalsOfBrokenArgv(argv: readonly string[], env: Environment): Globals {
  const asked = argv.map((arg, index) =>
    arg === "--format" ? argv[index + 1] : /^--format=(.*)$/.exec(arg)?.[1],
  );
  return resolveGlobals(
    {
      stateDirectory: undefined,
      runDirectory: undefined,
      format: formats.findLast((format) => asked.includes(format)),
      quiet: false,
      noColor: argv.includes("--no-color"),
    },
    env,
  );
}
