import { formatMessage, type Message } from "@optique/core/message";
import { nearest, type Problem } from "../../base/index.ts";
import { usageWrong } from "../problems.ts";
import { problemIn } from "./value-parsers.ts";
import { commandPath, commandsAfter, listCommands, optionsOf } from "./vocabulary.ts";

/** Optique's refusal of `argv` as a Problem: of the value that is wrong, or LF-USAGE. */
export function usageProblem(argv: readonly string[], message: Message): Problem {
  const problem = problemIn(message);
  if (problem !== undefined) return problem;
  const path = commandPath(argv);
  const help = ["landfall", ...path, "--help"].join(" ");
  const stray = strayToken(message);
  if (stray !== undefined) return usageWrong({ ...explainStray(path, stray), help });
  const commands = listCommands(path);
  if (commands.length > 0 && saysNothing(message)) {
    const reason = `${said(path)} needs a command: ${commands.join(", ")}.`;
    return usageWrong({ reason, help });
  }
  return usageWrong({ reason: formatMessage(message), help });
}

/** Optique's words for a token that fits nowhere; held by a test, as its version is pinned. */
const STRAY = "Unexpected option or argument: ";
const NOTHING = "No matching ";

function strayToken(message: Message): string | undefined {
  const [first, second] = message;
  const found = first?.type === "text" && first.text === STRAY && second?.type === "value";
  return found ? second.value : undefined;
}

function saysNothing(message: Message): boolean {
  return formatMessage(message).startsWith(NOTHING);
}

function explainStray(
  path: readonly string[],
  token: string,
): { readonly reason: string; readonly meant: string | undefined } {
  const quoted = JSON.stringify(token);
  if (token.startsWith("-")) {
    const name = token.replace(/=.*$/s, "");
    const reason = `${said(path)} has no option ${JSON.stringify(name)} here.`;
    return { reason, meant: nearest(name, optionsOf(path)) };
  }
  const commands = commandsAfter(path);
  const meant = nearest(token, commands);
  if (commands.length > 0) return { reason: `${said(path)} has no command ${quoted}.`, meant };
  return { reason: `${said(path)} takes no further argument ${quoted}.`, meant };
}

function said(path: readonly string[]): string {
  return ["landfall", ...path].join(" ");
}
