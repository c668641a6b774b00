import { getDocPage, suggestSync } from "@optique/core/parser";
import { grammar } from "./grammar.ts";

/** The commands that may follow `path`, aliases included. */
export function commandsAfter(path: readonly string[]): readonly string[] {
  return literals(path, "").filter((word) => !word.startsWith("-"));
}

/** The commands that may follow `path`, aliases left out. */
export function listCommands(path: readonly string[]): readonly string[] {
  const entries = getDocPage(grammar, path)?.sections.flatMap((section) => section.entries) ?? [];
  return entries.flatMap(({ term }) => (term.type === "command" ? [term.name] : []));
}

/** The options that `path` takes. */
export function optionsOf(path: readonly string[]): readonly string[] {
  return [...literals(path, "--"), ...literals(path, "-"), "--help", "--version"];
}

/** The commands at the beginning of `argv`, whatever options stand between them. */
export function commandPath(argv: readonly string[]): readonly string[] {
  const path: string[] = [];
  for (const arg of argv) {
    if (commandsAfter(path).includes(arg)) path.push(arg);
  }
  return path;
}

function literals(path: readonly string[], prefix: string): readonly string[] {
  const [first = prefix, ...rest] = [...path, prefix];
  return suggestSync(grammar, [first, ...rest]).flatMap((suggestion) =>
    suggestion.kind === "literal" ? [suggestion.text] : [],
  );
}
