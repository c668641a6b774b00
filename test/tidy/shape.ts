/** How large and how deep things may be (functions, files, lines), and how files are named. */
import {
  type ArrowFunction,
  type FunctionDeclaration,
  type FunctionExpression,
  isArrowFunction,
  isBlock,
  isCallExpression,
  isConstructorDeclaration,
  isDoStatement,
  isExpressionStatement,
  isForInStatement,
  isForOfStatement,
  isForStatement,
  isFunctionDeclaration,
  isFunctionExpression,
  isIdentifier,
  isIfStatement,
  isMethodDeclaration,
  isSwitchStatement,
  isTryStatement,
  isWhileStatement,
  type MethodDeclaration,
  type Node,
} from "typescript/unstable/ast";
import { at, isTestFile, lineAt, nodesOf, type Source, type Violation } from "./source.ts";

const limits = {
  fileLines: 400,
  lineWidth: 100,
  testLineWidth: 120,
  functionLines: 70,
  parameters: 4,
  depth: 3,
};

export function checkFileLength({ path, text }: Source): readonly Violation[] {
  const lines = text.replace(/\n$/, "").split("\n").length;
  if (lines <= limits.fileLines) return [];
  const message = `${lines} lines; split it by responsibility (at most ${limits.fileLines})`;
  return [{ path, line: lines, message }];
}

/**
 * Biome breaks code at 100 characters, but neither strings nor comments. In tests the names are
 * sentences and the golden texts are as they are, so they have some room.
 */
export function checkLineWidth(path: string, text: string): readonly Violation[] {
  const limit = isTestFile(path) ? limits.testLineWidth : limits.lineWidth;
  return text.split("\n").flatMap((content, index) => {
    const width = [...content].length;
    if (width <= limit) return [];
    const message = `${width} characters (at most ${limit})`;
    return [{ path, line: index + 1, message }];
  });
}

export function checkFunctionLength(source: Source): readonly Violation[] {
  return functionsOf(source).flatMap((node) => {
    const first = lineAt(source.text, node.getStart(source.tree));
    const lines = lineAt(source.text, node.end) - first + 1;
    if (lines <= limits.functionLines || isTestGroup(node)) return [];
    return [at(source, node, `function of ${lines} lines (at most ${limits.functionLines})`)];
  });
}

export function checkParameterCount(source: Source): readonly Violation[] {
  return functionsOf(source).flatMap((node) => {
    const count = node.parameters.length;
    if (count <= limits.parameters || isRowOfTest(source, node)) return [];
    const message = `${count} parameters; group them into an object (at most ${limits.parameters})`;
    return [at(source, node, message)];
  });
}

export function checkNesting(source: Source): readonly Violation[] {
  return functionsOf(source).flatMap((node) => {
    const depth = node.body === undefined ? 0 : depthOf(node.body);
    if (depth <= limits.depth) return [];
    const advice = `name the inner part as a function (at most ${limits.depth})`;
    return [at(source, node, `nested ${depth} deep; ${advice}`)];
  });
}

export function checkFileName({ path }: Source): readonly Violation[] {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z]+)*\.ts$/.test(name)) return [];
  return [{ path, line: 1, message: "file names are kebab-case, after their main export" }];
}

type FunctionNode = FunctionDeclaration | FunctionExpression | ArrowFunction | MethodDeclaration;

function functionsOf(source: Source): readonly FunctionNode[] {
  return [...nodesOf(source.tree)].filter(isFunctionNode);
}

function isFunctionNode(node: Node): node is FunctionNode {
  return (
    isFunctionDeclaration(node) ||
    isFunctionExpression(node) ||
    isArrowFunction(node) ||
    isMethodDeclaration(node) ||
    isConstructorDeclaration(node)
  );
}

/** A function that lists tests groups them as a folder groups files; nobody reads it in one go. */
function isTestGroup({ body }: FunctionNode): boolean {
  if (body === undefined || !isBlock(body)) return false;
  return body.statements.some((statement) => {
    if (!isExpressionStatement(statement) || !isCallExpression(statement.expression)) return false;
    const callee = statement.expression.expression;
    return isIdentifier(callee) && /^(?:describe|test|it)$/.test(callee.text);
  });
}

/** The callback of `test.each` takes a row of a table, whose width is the table's. */
function isRowOfTest(source: Source, node: FunctionNode): boolean {
  return isTestFile(source.path) && isCallExpression(node.parent);
}

/** Statements that hold statements, one in the other; a function inside starts anew. */
function depthOf(node: Node): number {
  let deepest = 0;
  node.forEachChild((child) => {
    if (isFunctionNode(child)) return undefined;
    const own = isNestingStatement(child) && !isElseIf(child) ? 1 : 0;
    deepest = Math.max(deepest, own + depthOf(child));
    return undefined;
  });
  return deepest;
}

function isNestingStatement(node: Node): boolean {
  return (
    isIfStatement(node) ||
    isForStatement(node) ||
    isForOfStatement(node) ||
    isForInStatement(node) ||
    isWhileStatement(node) ||
    isDoStatement(node) ||
    isSwitchStatement(node) ||
    isTryStatement(node) ||
    (isBlock(node) && isBlock(node.parent))
  );
}

function isElseIf(node: Node): boolean {
  return isIfStatement(node.parent) && node.parent.elseStatement === node;
}
