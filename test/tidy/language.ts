/** Parts of TypeScript that this project does without. */
import {
  isClassDeclaration,
  isConstructorDeclaration,
  isEnumDeclaration,
  isExportAssignment,
  isFunctionDeclaration,
  isModuleDeclaration,
  isParameterDeclaration,
  isPropertyDeclaration,
  isTypePredicateNode,
  type Node,
  SyntaxKind,
} from "typescript/unstable/ast";
import { at, lineAt, nodesOf, type Source, type Violation } from "./source.ts";

/** Comments that switch a checker off; spelt so that this file does not break its own rule. */
const silencers = /@ts-(?:ignore|expect-error|nocheck)|biome-ign[o]re|eslint-dis[a]ble/g;

export function checkLanguage(source: Source): readonly Violation[] {
  if (source.path.endsWith(".d.ts")) return [];
  const found = [...nodesOf(source.tree)].flatMap((node) => {
    const message = complaintAbout(node);
    return message === undefined ? [] : [at(source, node, message)];
  });
  return [...found, ...defaultExports(source)];
}

export function checkSilencers({ path, text }: Source): readonly Violation[] {
  return [...text.matchAll(silencers)].map((match) => ({
    path,
    line: lineAt(text, match.index),
    message: `${match[0]}: satisfy the checker instead`,
  }));
}

function complaintAbout(node: Node): string | undefined {
  if (node.kind === SyntaxKind.AnyKeyword) return "no any; parse an unknown into a type";
  if (isEnumDeclaration(node)) return "no enum; use a union, or an `as const` table";
  if (isModuleDeclaration(node)) return "no namespace; a file is a module";
  if (isBooleanParameter(node)) {
    return "no boolean parameter; a union says at the call what is meant";
  }
  if (isClassDeclaration(node) && isStateless(node.members, node.heritageClauses)) {
    return "a class without state; use functions";
  }
  return undefined;
}

/** `asserts condition` is the one place where a bare boolean is what is meant. */
function isBooleanParameter(node: Node): boolean {
  if (!isParameterDeclaration(node) || node.type?.kind !== SyntaxKind.BooleanKeyword) return false;
  const owner = node.parent;
  return !(isFunctionDeclaration(owner) && owner.type && isTypePredicateNode(owner.type));
}

function isStateless(members: readonly Node[], heritage: readonly unknown[] | undefined): boolean {
  const holdsState = (member: Node) =>
    isPropertyDeclaration(member) || isConstructorDeclaration(member);
  return heritage === undefined && !members.some(holdsState);
}

function defaultExports(source: Source): readonly Violation[] {
  return source.tree.statements.flatMap((statement) => {
    const modifiers = "modifiers" in statement ? (statement.modifiers ?? []) : [];
    const isDefault =
      isExportAssignment(statement) ||
      (modifiers as readonly Node[]).some(({ kind }) => kind === SyntaxKind.DefaultKeyword);
    return isDefault ? [at(source, statement, "no default export; export a name")] : [];
  });
}
