import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
} from "yaml";
import { err, ok, type Result } from "../../base/index.ts";

/** Where a value stands, from the top of the file: keys and list indices. */
export type Path = readonly (string | number)[];

/** Something wrong at a place; `at` says whether the key or its value is meant. */
export interface Mistake {
  readonly path: Path;
  readonly at: "key" | "value";
  readonly message: string;
}

/** A mistake with its place, both counted from 1. */
export interface PlacedMistake {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** A YAML file as plain data, and the way back from data to lines. */
export interface ScenarioSource {
  readonly value: unknown;
  place(mistake: Mistake): PlacedMistake;
  lineOf(path: Path): number;
}

/** Far more than a lab needs; keeps a wrong file from filling the memory. */
const textMax = 1_000_000;

/** Reads one YAML document with unique keys. Anchors and merge keys are followed. */
export function readSource(text: string): Result<ScenarioSource, readonly PlacedMistake[]> {
  if (text.length > textMax) {
    return failure(`the file is longer than ${textMax} characters`);
  }
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, merge: true, prettyErrors: false });
  const complaints = [...document.errors, ...document.warnings];
  if (complaints.length > 0) {
    return err(
      complaints.map((complaint) => ({
        ...position(counter, complaint.pos[0]),
        message: `YAML: ${complaint.message}`,
      })),
    );
  }
  const value = toPlainData(document);
  if (!value.ok) return failure(`YAML: ${value.error}`);
  const find = (path: Path, at: Mistake["at"]) => position(counter, offsetOf(document, path, at));
  return ok({
    value: value.value,
    place: ({ path, at, message }) => ({ ...find(path, at), message }),
    lineOf: (path) => find(path, "value").line,
  });
}

/** An alias without its anchor, or one that grows without end, throws only here. */
function toPlainData(document: Document): Result<unknown, string> {
  try {
    return ok(document.toJS());
  } catch (error) {
    return err(error instanceof Error ? error.message : String(error));
  }
}

function failure(message: string): Result<never, readonly PlacedMistake[]> {
  return err([{ line: 1, column: 1, message }]);
}

function position(counter: LineCounter, offset: number): { line: number; column: number } {
  const { line, col } = counter.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

/** Where the path leads; the last place on the way that exists, where it leads nowhere. */
function offsetOf(document: Document, path: Path, at: Mistake["at"]): number {
  let node = resolved(document, document.contents);
  let offset = node?.range?.[0] ?? 0;
  for (const [index, step] of path.entries()) {
    const pair = isMap(node) ? pairOf(document, node, String(step)) : undefined;
    const item = isSeq(node) ? node.items[Number(step)] : pair?.value;
    const isLast = index === path.length - 1;
    const shown = isLast && at === "key" ? pair?.key : (item ?? pair?.key);
    if (!isNode(shown)) return offset;
    offset = shown.range?.[0] ?? offset;
    node = resolved(document, item);
  }
  return offset;
}

function resolved(document: Document, value: unknown): Node | undefined {
  if (isAlias(value)) return value.resolve(document);
  return isNode(value) ? value : undefined;
}

/** The entry of a map, or of what is merged into it with `<<`. */
function pairOf(document: Document, node: unknown, key: string): Pair | undefined {
  const map = resolved(document, node);
  if (!isMap(map)) return undefined;
  const own = map.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === key);
  if (own !== undefined) return own;
  const merged = map.items.filter(isMerge).map((pair) => pair.value);
  const sources = merged.flatMap((value) => {
    const target = resolved(document, value);
    return isSeq(target) ? target.items : [target];
  });
  for (const source of sources) {
    const found = pairOf(document, source, key);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The value of a merge key is a symbol of the parser's; its source is what the file says. */
function isMerge({ key }: Pair): boolean {
  return isScalar(key) && key.source === "<<";
}
