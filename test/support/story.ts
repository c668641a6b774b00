/**
 * Documents that can be run. In a ```console block, lines that begin with "$ " are typed, and the
 * lines after each are what must be printed, no more and no less; "…" stands for any text, and
 * alone on a line for any lines. In a ```sh block every line is typed and may print anything. A
 * backslash at the end of a line continues a command. A block with a second word, such as ```yaml
 * shop.yaml, is a file of that name. A line `<!-- ends with 1 -->` before a block is the exit
 * status of its last command; every other one is 0. Where the words of a block begin with a place,
 * as in ```docker-console and ```lan-console, its commands are typed there.
 */
export type Step =
  | { readonly kind: "file"; readonly line: number; readonly name: string; readonly text: string }
  | ({ readonly kind: "command"; readonly line: number } & Command);

export interface Command {
  readonly command: string;
  /** Lines; undefined where anything may be printed. */
  readonly prints: readonly string[] | undefined;
  readonly exitCode: number;
  /** Such as "docker"; absent: on the machine that all documents are about. */
  readonly place?: string;
}

interface Block {
  readonly language: string;
  readonly name: string | undefined;
  /** Where its first line of content stands, counted from 1. */
  readonly line: number;
  readonly lines: readonly string[];
  readonly exitCode: number;
}

/** What a reader of this document does, in order. Other blocks, such as ```text, are only read. */
export function readStory(markdown: string): readonly Step[] {
  return blocksOf(markdown.split("\n")).flatMap(stepsOf);
}

function blocksOf(lines: readonly string[]): readonly Block[] {
  const fences = lines.flatMap((line, index) => (/^\s*```/.test(line) ? [index] : []));
  if (fences.length % 2 !== 0) throw new Error("a block of code is not closed");
  return fences.flatMap((open, nth) => {
    const close = fences[nth + 1];
    if (nth % 2 !== 0 || close === undefined) return [];
    const [language = "", name] = (lines[open] ?? "").trim().slice(3).split(/\s+/);
    const ending = /^<!-- ends with (\d+) -->$/.exec(lines[open - 1] ?? "");
    const content = lines.slice(open + 1, close);
    return [{ language, name, line: open + 2, lines: content, exitCode: Number(ending?.[1] ?? 0) }];
  });
}

function stepsOf(block: Block): readonly Step[] {
  const { language, name, line, lines } = block;
  if (name !== undefined) return [{ kind: "file", line, name, text: `${lines.join("\n")}\n` }];
  const [, place, way] = /^(?:(docker|lan)-)?(console|sh)$/.exec(language) ?? [];
  if (way === undefined) return [];
  const isTyped = (index: number): boolean =>
    (way === "sh" || lines[index]?.startsWith("$ ") === true) && lines[index] !== "";
  const starts = [...lines.keys()].filter((index) => isTyped(index) && !isMore(lines, index));
  return starts.map((start, nth) => {
    const end = starts[nth + 1] ?? lines.length;
    const output = lines.findIndex((_, index) => index > start && !isMore(lines, index));
    const typed = lines.slice(start, output < 0 ? end : output);
    return {
      kind: "command",
      line: line + start,
      command: typed.join("\n").replace(/^\$ /, ""),
      prints: way === "sh" ? undefined : lines.slice(start + typed.length, end),
      exitCode: nth === starts.length - 1 ? block.exitCode : 0,
      ...(place === undefined ? {} : { place }),
    };
  });
}

/** Whether this line continues the command of the one before. */
function isMore(lines: readonly string[], index: number): boolean {
  return lines[index - 1]?.endsWith("\\") === true;
}

/** What two runs never print alike, and a document shows as it was in one of them. */
const variable: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/\b\d+\.\d+ s\b/g, "SECONDS"],
  [/\b(?:ep|net)-[a-z0-9]{10}\b/g, "ID"],
  [/\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b/g, "MAC"],
  [/\b\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME"],
];

/** Whether the output is what the lines say. */
export function isPrinted(output: string, lines: readonly string[]): boolean {
  const pattern = lines.map(patternOf).join("");
  return new RegExp(`^${pattern}$`).test(steady(output));
}

function patternOf(line: string): string {
  if (line === "…") return "(?:.*\\n)*";
  const parts = steady(line).split("…");
  return `${parts.map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&")).join(".*")}\\n`;
}

function steady(text: string): string {
  return variable.reduce((rest, [pattern, name]) => rest.replaceAll(pattern, name), text);
}
