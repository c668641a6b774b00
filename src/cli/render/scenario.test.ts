import { expect, test } from "bun:test";
import type { LabReport, MatrixCell, ScenarioReport } from "../../lab/index.ts";
import { plainPaint } from "./look.ts";
import { matrixText } from "./matrix.ts";
import { demoText, labRunText, progressText } from "./scenario.ts";

function reached(from: string, to: string): MatrixCell {
  return { from, to, expected: "reachable", measured: "reachable", ok: true };
}

function isolated(from: string, to: string): MatrixCell {
  const because = "parent-isolated";
  return { from, to, expected: "unreachable", measured: "unreachable", because, ok: true };
}

const matrix = {
  nodes: ["c1", "c2", "host", "gateway"],
  cells: [
    reached("c1", "c2"),
    isolated("c1", "host"),
    reached("c1", "gateway"),
    isolated("host", "c1"),
    isolated("host", "c2"),
    reached("host", "gateway"),
  ],
};

/** A report has its matrix twice: as a grid, and cell by cell among its checks. */
function checksOf(cells: readonly MatrixCell[]): ScenarioReport["checks"] {
  return cells.map(({ from, to, expected, measured, ok }) => {
    return { check: `${from} -> ${to} ping`, expected, measured, ok };
  });
}

const first: ScenarioReport = {
  id: "first",
  title: "Containers on macvlan",
  status: "pass",
  kernel: "host",
  seconds: 1.04,
  checks: checksOf(matrix.cells),
  matrix,
};

const grid = `from \\ to  c1   c2   host  gateway
c1         ·    ✓    ✗ A   ✓
host       ✗ A  ✗ A  ·     ✓
A  parent-isolated: what a parent sends goes to the wire, never to its own macvlan or ipvlan links.
`;

test("the demo is its matrix, the reasons, and how much was confirmed", () => {
  expect(demoText({ scenarios: [first] }, plainPaint)).toBe(
    `${grid}6 of 6 expectations confirmed by real packets.\n`,
  );
});

test("a wrong cell is marked and told in words", () => {
  const cells = matrix.cells.map((cell): MatrixCell => {
    if (cell.from !== "host" || cell.to !== "c2") return cell;
    return { from: "host", to: "c2", expected: "unreachable", measured: "reachable", ok: false };
  });
  const wrong = { ...first, checks: checksOf(cells), matrix: { ...matrix, cells } };
  const text = demoText({ scenarios: [wrong] }, plainPaint);
  expect(text).toContain("host       ✗ A  ✓ !  ·     ✓\n");
  expect(text).toContain("!  host -> c2: expected unreachable, measured reachable\n");
  expect(text).toEndWith("5 of 6 expectations confirmed by real packets.\n");
});

test("each reason has its own letter, also one that is no disposition", () => {
  const cells = [isolated("a", "b"), { ...isolated("b", "a"), because: "the cable is out" }];
  expect(matrixText({ nodes: ["a", "b"], cells }, plainPaint)).toBe(
    `from \\ to  a    b
a          ·    ✗ A
b          ✗ B  ·
A  parent-isolated: what a parent sends goes to the wire, never to its own macvlan or ipvlan links.
B  the cable is out
`,
  );
});

test("what gets through needs no reason", () => {
  const cells = [{ ...reached("a", "b"), because: "delivered" }];
  expect(matrixText({ nodes: ["a", "b"], cells }, plainPaint)).toBe(
    "from \\ to  a  b\na          ·  ✓\n",
  );
});

test("a demo that failed before its matrix says why", () => {
  const { matrix: _, ...rest } = first;
  const broken: ScenarioReport = {
    ...rest,
    checks: [],
    status: "fail",
    reason: "no namespaces here",
  };
  expect(demoText({ scenarios: [broken] }, plainPaint)).toBe(
    "FAIL  first  Containers on macvlan (1.0 s)\n  no namespaces here\n",
  );
});

const report: LabReport = {
  scenarios: [
    {
      id: "S02",
      title: "Two containers",
      status: "fail",
      kernel: "host",
      seconds: 1.26,
      checks: [
        { check: "c1 -> c2", expected: "reachable", measured: "reachable", ok: true },
        {
          check: "h1 -> c1 tcp 9090",
          expected: "unreachable",
          predicted: "unreachable",
          measured: "reachable",
          because: "parent-isolated",
          ok: false,
          evidence: ["h1 sent 1 SYN", "c1 answered \u001b[31mRST"],
        },
      ],
    },
    {
      id: "S05",
      title: "On ipvlan",
      status: "skip",
      reason: "this kernel has no ipvlan",
      kernel: "uml",
      seconds: 0,
      checks: [],
    },
    { ...first, checks: [{ check: "x", expected: "none", measured: "none", ok: true }] },
  ],
};

test("a lab run tells every scenario, every check, the evidence of failures, and the sum", () => {
  expect(labRunText(report, plainPaint)).toBe(
    `FAIL  S02  Two containers (1.3 s)
  ✓  c1 -> c2           expected reachable    measured reachable
  ✗  h1 -> c1 tcp 9090  expected unreachable  predicted unreachable  measured reachable  (parent-isolated)
      h1 sent 1 SYN
      c1 answered \\u001b[31mRST

SKIP  S05  On ipvlan (0.0 s, user-mode kernel)
  this kernel has no ipvlan

PASS  first  Containers on macvlan (1.0 s)
  ✓  x  expected none  measured none
${grid.replace(/^(?=.)/gm, "  ")}
3 scenarios, 1 passed, 1 failed, 1 skipped. 2 of 3 expectations confirmed by real packets.
`,
  );
});

test("progress tells what is being built, and leaves the checks to the report", () => {
  const check = { check: "a -> b", expected: "reachable", measured: "reachable", ok: true };
  expect(progressText({ kind: "scenario", id: "S02", title: "Two" })).toBe("S02  Two\n");
  expect(progressText({ kind: "built", seconds: 0.44, summary: "1 switch" })).toBe(
    "  up in 0.4 s: 1 switch\n",
  );
  expect(progressText({ kind: "check", check })).toBe("");
});
