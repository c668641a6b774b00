import { type RunOptions, runParser } from "@optique/core/facade";
import type { Message } from "@optique/core/message";
import { type InferValue, parse } from "@optique/core/parser";
import { err, mapResult, ok, type Problem, type Result } from "../../base/index.ts";
import type { Command, Globals } from "../command.ts";
import { examples, groupUsage, words } from "./describe.ts";
import { type Environment, resolveGlobals } from "./global.ts";
import { grammar, grammarOf } from "./grammar.ts";
import { usageProblem } from "./usage-problem.ts";

/** What a command line means: something to do, or a text to print (help, version, completion). */
export type Parsed =
  | { readonly kind: "command"; readonly command: Command; readonly globals: Globals }
  | { readonly kind: "text"; readonly text: string };

/** Terminals are wider, but nobody reads longer lines. */
const HELP_WIDTH = 100;

/** Reads a command line. Errors: LF-USAGE, or the Problem of the value that is wrong. */
export function parseArgv(
  argv: readonly string[],
  surroundings: { readonly env: Environment; readonly version: string },
): Result<Parsed, Problem> {
  // Without a word from the user the best answer is what can be said.
  const args = argv.length === 0 ? ["--help"] : argv;
  const alone = grammarOf(args);
  const quick = alone === undefined ? undefined : parse(alone, args);
  if (quick?.success) return parsed(quick.value, surroundings.env);
  const printed: string[] = [];
  // The callbacks below end the run; what they return is only typed as a value.
  let ended: Printed | Message | undefined;
  const value = runParser(grammar, "landfall", args, {
    ...pages(surroundings.version, (what) => {
      ended = what;
    }),
    stdout: (text) => printed.push(text),
    stderr: () => {},
    onError: (_, message) => {
      ended = message;
      return undefined as never;
    },
  });
  const text = `${printed.join("\n").trimEnd()}\n`;
  if (ended === "page") return ok({ kind: "text", text: text.replace(/ +$/gm, "") });
  if (ended === "script") return ok({ kind: "text", text });
  if (ended !== undefined) return err(usageProblem(args, ended));
  return parsed(value, surroundings.env);
}

function parsed(given: InferValue<typeof grammar>, env: Environment): Result<Parsed, Problem> {
  const globals = resolveGlobals(given.globals, env);
  return mapResult(given.command, (command) => ({ kind: "command", command, globals }));
}

/** A page is for people; what a shell reads must stay as it is. */
type Printed = "page" | "script";

/** Everything that Optique prints by itself; `onPrinted` is told when it did. */
function pages(version: string, onPrinted: (what: Printed) => void): RunOptions<void, never> {
  return {
    brief: words("Landfall gives containers their own place on the physical LAN."),
    footer: examples("landfall demo", "landfall net create --help"),
    help: { option: { names: ["-h", "--help"] }, onShow: () => onPrinted("page") },
    version: { option: { names: ["--version"] }, value: version, onShow: () => onPrinted("page") },
    completion: { command: true, onShow: () => onPrinted("script") },
    usageLine: groupUsage,
    aboveError: "none",
    maxWidth: HELP_WIDTH,
    termWidth: "auto",
    showDefault: { prefix: " (default: ", suffix: ")" },
    showChoices: true,
  };
}
