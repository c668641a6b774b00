/** Doc comments: on every folder's public face, and on every function that it shows. */
import {
  isArrowFunction,
  isExportDeclaration,
  isFunctionDeclaration,
  isFunctionExpression,
  isIdentifier,
  isNamedExports,
  isStringLiteral,
  isVariableStatement,
  type Node,
  type Statement,
  SyntaxKind,
} from "typescript/unstable/ast";
import { resolveImport } from "./imports.ts";
import { at, type Source, type Violation } from "./source.ts";

/** Each folder directly under src/ has an index.ts, which opens with a doc comment. */
export function checkFolderFaces(sources: readonly Source[]): readonly Violation[] {
  const folders = new Set(sources.flatMap(({ path }) => /^src\/[^/]+(?=\/)/.exec(path)?.[0] ?? []));
  return [...folders].flatMap((folder) => {
    const path = `${folder}/index.ts`;
    const face = sources.find((source) => source.path === path);
    if (face === undefined) return [{ path, line: 1, message: "the folder has no public face" }];
    if (face.text.startsWith("/**")) return [];
    const message = "opens with a doc comment: purpose, contract, what it must not do";
    return [{ path, line: 1, message }];
  });
}

/** Functions that leave their folder through its index.ts carry a doc comment. */
export function checkDocComments(sources: readonly Source[]): readonly Violation[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const faces = sources.filter(({ path }) => /^src\/[^/]+\/index\.ts$/.test(path));
  return faces.flatMap((face) =>
    reexportsOf(face).flatMap(({ from, name }) => {
      const origin = byPath.get(from);
      const bare = origin === undefined ? undefined : undocumentedFunction(origin, name);
      if (origin === undefined || bare === undefined) return [];
      return [at(origin, bare, `${name} is public: say what it promises in a doc comment`)];
    }),
  );
}

interface Reexport {
  readonly from: string;
  readonly name: string;
}

function reexportsOf(face: Source): readonly Reexport[] {
  return face.tree.statements.filter(isExportDeclaration).flatMap((statement) => {
    const { exportClause, moduleSpecifier } = statement;
    if (exportClause === undefined || !isNamedExports(exportClause)) return [];
    if (moduleSpecifier === undefined || !isStringLiteral(moduleSpecifier)) return [];
    const from = resolveImport(face.path, moduleSpecifier.text);
    return exportClause.elements.map((element) => ({
      from,
      name: (element.propertyName ?? element.name).text,
    }));
  });
}

/** The declaration of function `name` if none of its declarations (overloads) has a doc comment. */
function undocumentedFunction(source: Source, name: string): Node | undefined {
  const declarations = source.tree.statements.filter((statement) => declares(statement, name));
  return declarations.some((statement) => hasDocComment(source, statement))
    ? undefined
    : declarations[0];
}

function declares(statement: Statement, name: string): boolean {
  if (isFunctionDeclaration(statement)) return statement.name?.text === name;
  if (!isVariableStatement(statement)) return false;
  return statement.declarationList.declarations.some(
    (declaration) =>
      isIdentifier(declaration.name) &&
      declaration.name.text === name &&
      declaration.initializer !== undefined &&
      (isArrowFunction(declaration.initializer) || isFunctionExpression(declaration.initializer)),
  );
}

function hasDocComment(source: Source, node: Node): boolean {
  if (node.kind === SyntaxKind.EndOfFile) return false;
  const before = source.text.slice(node.pos, node.getStart(source.tree));
  return /\/\*\*[\s\S]*\*\/\s*$/.test(before);
}
