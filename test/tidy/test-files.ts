/** What a test file must do to be worth its time: run every test, and expect something in each. */
import {
  type CallExpression,
  isCallExpression,
  isIdentifier,
  isPropertyAccessExpression,
  type Node,
} from "typescript/unstable/ast";
import { at, isTestFile, nodesOf, type Source, type Violation } from "./source.ts";

const expectation = /\b(?:expect|check|fc\.assert)\w*(?:<[^<>]*>)?\(/;
const runners = new Set(["test", "it", "describe"]);

/** A test left out by hand is forgotten; `skipIf` says what it lacks, and may stay. */
export function checkNoSkips(source: Source): readonly Violation[] {
  if (!isTestFile(source.path)) return [];
  return [...nodesOf(source.tree)].filter(isLeftOut).map((node) => {
    return at(source, node, "a test that is left out, or leaves others out; use skipIf or none");
  });
}

/** Each test expects something itself, by a property, or by a helper named expect… or check… */
export function checkExpectations(source: Source): readonly Violation[] {
  if (!isTestFile(source.path)) return [];
  return [...nodesOf(source.tree)]
    .filter(isCallExpression)
    .filter(isTestCall)
    .filter((call) => !expectation.test(textOf(source, call)))
    .map((call) => at(source, call, "a test that expects nothing cannot fail"));
}

function isLeftOut(node: Node): boolean {
  return (
    isPropertyAccessExpression(node) &&
    isIdentifier(node.expression) &&
    runners.has(node.expression.text) &&
    /^(?:only|skip|todo|failing)$/.test(node.name.text)
  );
}

/** `test("name", body)`, `test.each(rows)("name", body)`, `test.skipIf(fact)("name", body)`. */
function isTestCall(call: CallExpression): boolean {
  if (call.arguments.length < 2) return false;
  const callee = call.expression;
  if (isIdentifier(callee)) return callee.text === "test" || callee.text === "it";
  if (!isCallExpression(callee) || !isPropertyAccessExpression(callee.expression)) return false;
  const runner = callee.expression.expression;
  return isIdentifier(runner) && (runner.text === "test" || runner.text === "it");
}

function textOf(source: Source, node: Node): string {
  return source.text.slice(node.pos, node.end);
}
