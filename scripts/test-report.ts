/**
 * What a run of the tests amounts to. A stage is a command (typecheck, lint), which counts as one
 * test, or a run of `bun test`, whose JUnit report is counted.
 */

/** One stage as test.sh left it. */
export interface Stage {
  readonly name: string;
  /** Exit status of its command. */
  readonly status: number;
  /** The test files it was given, and the JUnit report; absent for a plain command. */
  readonly tests?: { readonly files: readonly string[]; readonly junit: string };
}

export interface Tally {
  readonly passed: number;
  /** One line for each failure, naming it. */
  readonly failed: readonly string[];
  readonly skipped: readonly string[];
}

/** Counts one stage. A file missing from the report did not load, which is a failure. */
export function countStage(stage: Stage): Tally {
  const { name, status, tests } = stage;
  if (tests === undefined) {
    return status === 0
      ? { passed: 1, failed: [], skipped: [] }
      : { passed: 0, failed: [name], skipped: [] };
  }
  const cases = [...tests.junit.matchAll(caseElement)].map(readCase);
  const reported = new Set(cases.map((testCase) => testCase.file));
  const failed = [
    ...cases.filter((testCase) => testCase.outcome === "failed").map((testCase) => testCase.title),
    ...tests.files.filter((file) => !reported.has(file)).map((file) => `${file} ran no test`),
  ];
  if (status !== 0 && failed.length === 0) failed.push(`${name} ended with status ${status}`);
  return {
    passed: cases.filter((testCase) => testCase.outcome === "passed").length,
    failed,
    skipped: cases.filter((testCase) => testCase.outcome === "skipped").map(({ title }) => title),
  };
}

/** Adds stages up. Skips outside `allowed` become failures where `skips` is "fail". */
export function addUp(
  tallies: readonly Tally[],
  policy: { readonly skips: "fail" | "report"; readonly allowed: ReadonlySet<string> },
): Tally {
  const failed = tallies.flatMap((tally) => tally.failed);
  const skipped = tallies.flatMap((tally) => tally.skipped);
  const isRefused = (title: string) => policy.skips === "fail" && !policy.allowed.has(title);
  return {
    passed: tallies.reduce((sum, tally) => sum + tally.passed, 0),
    failed: [...failed, ...skipped.filter(isRefused).map((title) => `${title} (skipped)`)],
    skipped: skipped.filter((title) => !isRefused(title)),
  };
}

interface TestCase {
  readonly file: string;
  readonly title: string;
  readonly outcome: "passed" | "failed" | "skipped";
}

// Bun writes attribute values with every `<`, `>` and `"` escaped, so this needs no XML parser.
const caseElement = /<testcase ([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g;

function readCase([, attributes = "", body = ""]: RegExpMatchArray): TestCase {
  const attribute = (name: string) =>
    unescapeXml(new RegExp(`(?:^| )${name}="([^"]*)"`).exec(attributes)?.[1] ?? "");
  const file = attribute("file");
  const path = [file, attribute("classname"), attribute("name")].filter((part) => part !== "");
  return {
    file,
    title: path.join(" > "),
    outcome: body.includes("<skipped") ? "skipped" : body.trim() === "" ? "passed" : "failed",
  };
}

function unescapeXml(text: string): string {
  return text
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&apos;", "'")
    .replaceAll("&amp;", "&");
}
