import type { z } from "zod";
import { defined, nearest } from "../../base/index.ts";
import { didYouMean } from "./did-you-mean.ts";
import type { Mistake, Path } from "./scenario-source.ts";

type Issue = z.core.$ZodIssue;

/**
 * What the schema found, as mistakes for the reader: one each, in our words. A key that is missing
 * because it is misspelt is one mistake, not two.
 */
export function schemaMistakes(issues: readonly Issue[], above: Path = []): readonly Mistake[] {
  const unknown = issues.flatMap((issue) =>
    issue.code === "unrecognized_keys"
      ? issue.keys.map((key) => ({ key, holder: JSON.stringify(issue.path) }))
      : [],
  );
  const isMisspelt = (issue: Issue) => {
    if (!isMissing(issue)) return false;
    const holder = JSON.stringify(issue.path.slice(0, -1));
    const siblings = unknown.filter((one) => one.holder === holder).map(({ key }) => key);
    return nearest(String(issue.path.at(-1)), siblings) !== undefined;
  };
  return issues
    .filter((issue) => !isMisspelt(issue))
    .flatMap((issue) => issueMistakes(issue, [...above, ...issuePath(issue)]));
}

function issuePath(issue: Issue): Path {
  return issue.path.map((step) => (typeof step === "number" ? step : String(step)));
}

function issueMistakes(issue: Issue, path: Path): readonly Mistake[] {
  const at = (message: string): Mistake[] => [{ path, at: "value", message }];
  switch (issue.code) {
    case "unrecognized_keys": {
      const messages = issue.message.split("\n");
      return issue.keys.map((key, index) => ({
        path: [...path, key],
        at: "key",
        message: defined(messages[index], `message for key ${key}`),
      }));
    }
    case "invalid_key":
      return issue.issues.map(({ message }) => ({
        path,
        at: "key",
        message: `"${String(path.at(-1))}": ${message}`,
      }));
    case "invalid_union":
      return unionMistakes(issue.errors, issue.input, path);
    case "invalid_type":
      return at(
        isMissing(issue)
          ? `key "${String(path.at(-1))}" is missing`
          : `expected ${typeWords[issue.expected] ?? issue.expected}, found ${found(issue.input)}`,
      );
    case "invalid_value": {
      const values = issue.values.map(String);
      if (isMissing(issue)) {
        return at(`key "${String(path.at(-1))}" is missing; it is one of: ${values.join(", ")}`);
      }
      return at(
        `${found(issue.input)} is not allowed here${didYouMean(String(issue.input), values)}`,
      );
    }
    case "too_big":
      return at(`${found(issue.input)} is too big; at most ${issue.maximum}`);
    case "too_small":
      return at(`${found(issue.input)} is too small; at least ${issue.minimum}`);
    default:
      return at(issue.message);
  }
}

const typeWords: Readonly<Record<string, string>> = {
  string: "text",
  object: "a map",
  record: "a map",
  array: "a list",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
};

function found(value: unknown): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a map";
  return typeof value === "string" ? `"${value}"` : `${String(value)}`;
}

/** A required key that is not there looks like a value of undefined, which YAML does not have. */
function isMissing(issue: Issue): boolean {
  return issue.path.length > 0 && issue.input === undefined;
}

/**
 * Only the branch of a union that was probably meant is reported: for a scalar or a list the one of
 * the right shape, for a map the one that needs the fewest keys added or removed.
 */
function unionMistakes(
  branches: readonly (readonly Issue[])[],
  input: unknown,
  path: Path,
): readonly Mistake[] {
  const ranked = branches
    .map((issues) => ({ issues, distance: branchDistance(issues) }))
    .toSorted((a, b) => a.distance - b.distance);
  const [best] = ranked;
  if (best === undefined) return [];
  if (best.distance >= wrongShape && branches.length > 1) {
    const wanted = [...new Set(ranked.flatMap(({ issues }) => issues.map(expectedWord)))];
    const message = `expected ${wanted.join(" or ")}, found ${found(input)}`;
    return [{ path, at: "value", message }];
  }
  return schemaMistakes(best.issues, path);
}

/** More than all the keys that a branch can have. */
const wrongShape = 1000;

function branchDistance(issues: readonly Issue[]): number {
  return issues.reduce((sum, issue) => {
    if (issue.path.length === 0 && issue.code === "invalid_type") return sum + wrongShape;
    if (issue.path.length === 0 && issue.code === "invalid_value") return sum + wrongShape;
    if (issue.code === "unrecognized_keys") return sum + issue.keys.length;
    return sum + (isMissing(issue) ? 1 : 0);
  }, 0);
}

function expectedWord(issue: Issue): string {
  if (issue.code === "invalid_type") return typeWords[issue.expected] ?? issue.expected;
  return issue.code === "invalid_value" ? issue.values.map(String).join(" or ") : issue.message;
}
