/** Who imports whom: the arrows between folders, their public faces, circles, guarded modules. */
import { dirname, join } from "node:path";
import {
  isCallExpression,
  isExportDeclaration,
  isImportDeclaration,
  isStringLiteral,
  type Node,
  SyntaxKind,
} from "typescript/unstable/ast";
import { at, isTestFile, nodesOf, type Source, type Violation } from "./source.ts";

/** For each folder of src/, the folders whose public face it may import. */
export type Arrows = Readonly<Record<string, readonly string[]>>;

/** For a package or built-in module, the folders of src/ that may import it. */
export type ModuleHomes = Readonly<Record<string, readonly string[]>>;

/** The path that an import names, from the root of the repository; packages stay as they are. */
export function resolveImport(importer: string, specifier: string): string {
  return specifier.startsWith(".") ? join(dirname(importer), specifier) : specifier;
}

/** Product code imports only along the arrows. Tests may look anywhere: they see the whole. */
export function checkArrows(source: Source, arrows: Arrows): readonly Violation[] {
  const own = folderOf(source.path);
  if (own === undefined || isTestFile(source.path)) return [];
  const allowed = arrows[own];
  if (allowed === undefined) {
    const message = `folder ${own} is not in the table of arrows in test/tidy.test.ts`;
    return [{ path: source.path, line: 1, message }];
  }
  return importsOf(source).flatMap(({ node, target }) => {
    const folder = folderOf(target);
    if (target.startsWith("test/") || target.startsWith("scripts/")) {
      return [at(source, node, `the product does not import ${target}`)];
    }
    if (folder === undefined || folder === own || allowed.includes(folder)) return [];
    return [at(source, node, `${own} may not import ${folder}`)];
  });
}

/**
 * A folder is entered through its index.ts, and never enters itself that way. Scripts, which
 * generate files from what is inside a folder, may.
 */
export function checkFaces(source: Source): readonly Violation[] {
  if (source.path.startsWith("scripts/")) return [];
  const own = folderOf(source.path);
  return importsOf(source).flatMap(({ node, target }) => {
    const folder = folderOf(target);
    if (folder === undefined) return [];
    const face = `src/${folder}/index.ts`;
    if (folder !== own && target !== face && !isSharedTesting(source.path, target)) {
      return [at(source, node, `imports past the public face of ${folder}; use ${face}`)];
    }
    if (folder === own && target === face && !isTestFile(source.path)) {
      return [at(source, node, "imports its own public face; import the file that it means")];
    }
    return [];
  });
}

/** Modules that only some folders may use, so that each dependency has one home. */
export function checkModuleHomes(source: Source, homes: ModuleHomes): readonly Violation[] {
  const own = folderOf(source.path);
  if (own === undefined || isTestFile(source.path)) return [];
  return importsOf(source).flatMap(({ node, target }) => {
    const entry = Object.entries(homes).find(
      ([name]) => target === name || target.startsWith(`${name}/`),
    );
    if (entry === undefined || entry[1].includes(own)) return [];
    return [at(source, node, `${entry[0]} is imported only in ${entry[1].join(", ")}`)];
  });
}

/** Nothing that a folder or file pulls in, however far away, may be in one of `forbidden`. */
export function checkReach(
  sources: readonly Source[],
  from: string,
  forbidden: readonly string[],
): readonly Violation[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const queue = sources.filter(
    ({ path }) => (folderOf(path) === from || path === from) && !isTestFile(path),
  );
  const seen = new Set(queue);
  const violations: Violation[] = [];
  for (const source of queue) {
    for (const { node, target } of importsOf(source)) {
      const name = folderOf(target) ?? target;
      const isForbidden = forbidden.some((word) => name === word || name.startsWith(`${word}/`));
      if (isForbidden) violations.push(at(source, node, `${from} would carry ${name} with it`));
      const next = byPath.get(target);
      if (next === undefined || seen.has(next)) continue;
      seen.add(next);
      queue.push(next);
    }
  }
  return violations;
}

/** Files that import each other in a circle, type imports included. Each circle is told once. */
export function checkCycles(sources: readonly Source[]): readonly Violation[] {
  const edges = new Map(
    sources.map((source) => [source.path, importsOf(source).map(({ target }) => target)]),
  );
  const done = new Set<string>();
  const trail: string[] = [];
  const violations: Violation[] = [];
  const visit = (path: string): void => {
    const start = trail.indexOf(path);
    if (start !== -1) {
      const circle = [...trail.slice(start), path].join(" -> ");
      violations.push({ path, line: 1, message: `imports in a circle: ${circle}` });
      return;
    }
    if (done.has(path)) return;
    trail.push(path);
    for (const target of edges.get(path) ?? []) visit(target);
    trail.pop();
    done.add(path);
  };
  for (const path of edges.keys()) visit(path);
  return violations;
}

interface Import {
  readonly node: Node;
  readonly target: string;
}

/** Static and dynamic imports and re-exports, of values and of types. */
function importsOf(source: Source): readonly Import[] {
  return [...nodesOf(source.tree)].flatMap((node) => {
    const specifier = specifierOf(node);
    if (specifier === undefined || !isStringLiteral(specifier)) return [];
    return [{ node, target: resolveImport(source.path, specifier.text) }];
  });
}

function specifierOf(node: Node): Node | undefined {
  if (isImportDeclaration(node) || isExportDeclaration(node)) return node.moduleSpecifier;
  const isDynamic = isCallExpression(node) && node.expression.kind === SyntaxKind.ImportKeyword;
  return isDynamic ? node.arguments[0] : undefined;
}

/** The folder directly under src/; undefined for src/main.ts and for everything outside. */
function folderOf(path: string): string | undefined {
  return /^src\/([^/]+)\//.exec(path)?.[1];
}

/** A folder's testing.ts is a second face, for tests. */
function isSharedTesting(importer: string, target: string): boolean {
  const isForTests = isTestFile(importer) || /(?:^test\/|\/testing\.ts$)/.test(importer);
  return isForTests && /^src\/[^/]+\/testing\.ts$/.test(target);
}
