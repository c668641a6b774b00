import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { catalogue, problemReference } from "../scripts/generate-problem-docs.ts";
import type { ProblemKind } from "../src/base/index.ts";

const root = join(import.meta.dirname, "..");
const kinds: readonly ProblemKind<never>[] = catalogue.flatMap((chapter) => chapter.kinds);
const codes: readonly string[] = kinds.map((kind) => kind.code);
const reference = problemReference();

function readTexts(pattern: string): ReadonlyMap<string, string> {
  const paths = [...new Bun.Glob(pattern).scanSync({ cwd: root })];
  return new Map(paths.map((path) => [path, readFileSync(join(root, path), "utf8")]));
}

/** Product code: what tests and their helpers say is made up. */
const sources = new Map(
  [...readTexts("src/**/*.ts")].filter(
    ([path]) => !/(?:\.test|\.contract|testing)\.ts$/.test(path),
  ),
);

/** Everything in the sources that `pattern` finds, as its first group. */
function found(pattern: RegExp): string[] {
  return [...sources.values()].flatMap((text) =>
    [...text.matchAll(pattern)].flatMap((match) => match[1] ?? []),
  );
}

describe("the catalogue", () => {
  test("has every code once", () => {
    expect(codes.length).toBeGreaterThan(40);
    expect(codes.filter((code, index) => codes.indexOf(code) !== index)).toEqual([]);
  });

  test("has every row that the sources define, and no other", () => {
    // A row is a call with the code as its first argument: defineProblem("LF-…", …).
    const defined = found(/\(\s*"(LF-[^"]*)",/g);
    expect(defined.toSorted()).toEqual(codes.toSorted());
  });

  test("has every list that the sources export", () => {
    const exported = found(/^export const (\w+Problems)\b/gm);
    expect(exported.toSorted()).toEqual(catalogue.map((chapter) => chapter.list).toSorted());
  });

  test("knows every code that sources, scenarios and documents speak of", () => {
    const texts = [
      ...sources,
      ...readTexts("{docs,scenarios}/**/*.{md,yaml}"),
      ...readTexts("*.md"),
    ];
    const unknown = texts.flatMap(([path, text]) =>
      [...text.matchAll(/\bLF-[A-Z0-9]+(?:-[A-Z0-9]+)*/g)]
        .filter(([code]) => !codes.includes(code))
        .map(([code]) => `${path}: ${code}`),
    );
    expect(unknown).toEqual([]);
  });
});

test.each(kinds.map((kind) => [kind.code, kind] as const))("%s is told properly", (code, kind) => {
  expect(code).toMatch(/^LF-[A-Z0-9]+(-[A-Z0-9]+)*$/);
  expect(kind.title).toMatch(/^[A-Z].*[^.!?\s]$/);
  expect(kind.explanation).toMatch(/^\S.*[.]$/);
  // The words are put into a table and a paragraph as they are; Markdown must not read them.
  expect(`${kind.title}${kind.explanation}`).not.toMatch(/[|<*\n]/);
  // 0 and 1 are answers, not failures.
  expect([2, 3, 4, 5]).toContain(kind.exitCode);
  // A command line that is wrong stays wrong.
  if (kind.exitCode === 2) expect(kind.retryable).toBe(false);
});

describe("docs/problems.md", () => {
  test("is what the catalogue says (scripts/generate-problem-docs.ts writes it)", () => {
    expect(readFileSync(join(root, "docs", "problems.md"), "utf8")).toBe(reference);
  });

  test("has one heading for each code, and a link to it", () => {
    const headings = [...reference.matchAll(/^### (\S+)$/gm)].map((match) => match[1]);
    const links = [...reference.matchAll(/^\| \[(\S+)\]\(#(\S+)\) \|/gm)];
    expect(headings).toEqual([...codes]);
    expect(links.map((match) => match[1])).toEqual([...codes]);
    expect(links.map((match) => match[2])).toEqual(codes.map((code) => code.toLowerCase()));
  });

  test("says of each what it is, how the process ends, and whether to try again", () => {
    const sections = reference.split(/^### /m).slice(1);
    for (const [index, kind] of kinds.entries()) {
      const section = sections[index] ?? "";
      expect(section).toContain(`**${kind.title}.** ${kind.explanation}`);
      expect(section).toContain(`Exit code: ${kind.exitCode}, `);
      expect(section).toContain(kind.retryable ? "may succeed later" : "fails again until");
    }
  });
});
