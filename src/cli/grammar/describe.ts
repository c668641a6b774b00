import { lineBreak, type Message, text } from "@optique/core/message";
import { argument } from "@optique/core/primitives";
import type { Usage } from "@optique/core/usage";
import type { Value } from "./value-parsers.ts";

/** One sentence or paragraph of help. */
export function words(content: string): Message {
  return [text(content)];
}

/** Command lines that a reader may copy. */
export function examples(...lines: readonly [string, ...string[]]): Message {
  const title = lines.length === 1 ? "Example:" : "Examples:";
  return [text(title), ...lines.flatMap((line) => [lineBreak(), text(`  ${line}`)])];
}

/** A value without an option before it, that must be given. */
export function positional<T>(value: Value<T>, description: string) {
  const missing = words(`${value.metavar} is missing.`);
  return argument(value, { description: words(description), errors: { endOfInput: missing } });
}

/** The synopsis with what must be given; the options that need not be are in the list below it. */
export function shortUsage(usage: Usage): Usage {
  const needed = usage.filter((term) => {
    if (term.type === "optional") return false;
    return term.type !== "multiple" || term.min > 0;
  });
  return [...needed, { type: "literal", value: "[OPTION]..." }];
}

/** The synopsis of a command that has commands of its own. */
export function groupUsage(): Usage {
  return [{ type: "literal", value: "COMMAND" }, { type: "ellipsis" }];
}
