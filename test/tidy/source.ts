/**
 * Source files as the rules see them: text, and the syntax tree that TypeScript's own parser makes
 * of it. The parser runs once for all files, as a child process behind TypeScript's API.
 */
import { join } from "node:path";
import type { Node, SourceFile } from "typescript/unstable/ast";
import { API } from "typescript/unstable/async";

/** A TypeScript file of the repository (path from its root), or a sample that claims to be one. */
export interface Source {
  readonly path: string;
  readonly text: string;
  readonly tree: SourceFile;
}

/** Where a rule is broken and what to do about it. */
export interface Violation {
  readonly path: string;
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

export type FileTexts = ReadonlyMap<string, string>;

const virtualRoot = "/tidy";

/** Parses files; nothing is resolved or type-checked, so samples may import what does not exist. */
export async function parseSources(files: FileTexts): Promise<readonly Source[]> {
  const config = join(virtualRoot, "tsconfig.json");
  const texts = new Map([...files].map(([path, text]) => [join(virtualRoot, path), text]));
  const options = { noLib: true, noResolve: true, types: [], allowImportingTsExtensions: true };
  texts.set(config, JSON.stringify({ compilerOptions: options, files: [...files.keys()] }));
  const api = new API({
    cwd: virtualRoot,
    fs: { readFile: (path) => texts.get(path) ?? null, fileExists: (path) => texts.has(path) },
  });
  try {
    const snapshot = await api.updateSnapshot({ openProjects: [config] });
    const [project] = snapshot.getProjects();
    return await Promise.all(
      [...files].map(async ([path, text]) => {
        const tree = await project?.program.getSourceFile(join(virtualRoot, path));
        if (tree === undefined) throw new Error(`TypeScript did not parse ${path}`);
        return { path, text, tree };
      }),
    );
  } finally {
    await api.close();
  }
}

/** One source out of `text`, for showing that a rule catches it. */
export async function parseSample(text: string, path = "src/base/sample.ts"): Promise<Source> {
  const [source] = await parseSources(new Map([[path, text]]));
  if (source === undefined) throw new Error("unreachable: one file in, one source out");
  return source;
}

/** Every node of a tree, parents before their children. */
export function* nodesOf(node: Node): Generator<Node> {
  yield node;
  const children: Node[] = [];
  node.forEachChild((child) => {
    children.push(child);
    return undefined;
  });
  for (const child of children) yield* nodesOf(child);
}

/** The line on which a node's own text starts, after comments and blank space. */
export function lineOf(source: Source, node: Node): number {
  return lineAt(source.text, node.getStart(source.tree));
}

/** The line of a character position, from 1. */
export function lineAt(text: string, position: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at !== -1 && at < position; at = text.indexOf("\n", at + 1)) {
    line += 1;
  }
  return line;
}

/** A violation at a node. */
export function at(source: Source, node: Node, message: string): Violation {
  return { path: source.path, line: lineOf(source, node), message };
}

export function isTestFile(path: string): boolean {
  return path.endsWith(".test.ts");
}
