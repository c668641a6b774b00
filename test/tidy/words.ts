/** Words that have no place in this repository, whatever kind of file they are in. */
import { lineAt, type Violation } from "./source.ts";

interface BannedWord {
  readonly pattern: RegExp;
  readonly message: string;
}

// A table of what is banned would break its own rule, if this file were not left out.
const bannedWords: readonly BannedWord[] = [
  { pattern: /\b(?:TODO|FIXME|XXX)\b(?!\(#\d+\))/g, message: "open an issue: TODO(#123)" },
  { pattern: /\bmasters?\b/gi, message: "say parent, or upper device for what the kernel means" },
  { pattern: /\bslaves?\b/gi, message: "say upper or lower device, or port of a bridge" },
  { pattern: /\b(?:simply|obviously)\b/gi, message: "what is so needs no such word" },
  { pattern: /(?<![\w.$}])\/work\//g, message: "a path of one machine" },
  { pattern: /\bnpmjs\b|\bregistry\.[a-z0-9-]+\.[a-z]+/gi, message: "names a package registry" },
];

/** Others' words that cannot be replaced where they are quoted. Taken out before the search. */
const quotations: readonly { readonly paths: RegExp; readonly phrase: RegExp }[] = [
  // The kernel's constants, as in include/uapi/linux/if_link.h.
  {
    paths: /./,
    phrase: /\b[A-Z][A-Z0-9]*_[A-Z0-9_]*(?:MASTER|SLAVE)[A-Z0-9_]*\b|\bIFLA_MASTER\b/g,
  },
  // iproute2's grammar, in a command line or as one of its arguments.
  { paths: /./, phrase: /\bip (?:-\S+ )*link [^\n]*?\bmaster\b|"master"/g },
  { paths: /./, phrase: /\b(?:set \S+|fdb [^\n]*?) master\b/g },
  // The kernel's own lower-case spelling in the attribute tables.
  { paths: /^src\/netlink\//, phrase: /\b(?:master|slave_kind|slave_data|slave)\b/g },
  // The key of the CNI plugins' configuration.
  {
    paths: /^(?:src\/cni|src\/cnirun|src\/lab\/world\/cni|docs|scenarios)[/.-]/,
    phrase: /`?\bmaster\b`?/gi,
  },
  {
    paths: /^(?:scripts\/bench|test|test\/support)\/cni[/.-]/,
    phrase: /`?\bmaster\b`?/gi,
  },
];

/** Finds banned words in the text of any file. */
export function checkWords(path: string, text: string): readonly Violation[] {
  const own = quotations
    .filter(({ paths }) => paths.test(path))
    .reduce((rest, { phrase }) => rest.replace(phrase, (found) => " ".repeat(found.length)), text);
  return bannedWords.flatMap(({ pattern, message }) =>
    [...own.matchAll(pattern)].map((match) => ({
      path,
      line: lineAt(own, match.index),
      message: `"${match[0]}": ${message}`,
    })),
  );
}
