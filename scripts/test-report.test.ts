import { describe, expect, test } from "bun:test";
import { addUp, countStage } from "./test-report.ts";

// Written by `bun test --reporter=junit` 1.4.5 over one passing, one failing and one skipped test.
const junit = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="bun test" tests="3" assertions="2" failures="1" skipped="1" time="0.02">
  <testsuite name="a.test.ts" file="a.test.ts" tests="3" failures="1" skipped="1">
    <testsuite name="grp" file="a.test.ts" line="2" tests="3" failures="1" skipped="1">
      <testcase name="passes" classname="grp" time="0" file="a.test.ts" line="2" assertions="1" />
      <testcase name="fails &lt;b&gt;" classname="grp" time="0" file="a.test.ts" line="2">
        <failure type="AssertionError" message="expect(received)">at a.test.ts:2&#10;</failure>
      </testcase>
      <testcase name="skipped one" classname="grp" time="0" file="a.test.ts" line="2">
        <skipped />
      </testcase>
    </testsuite>
  </testsuite>
</testsuites>`;

describe("countStage", () => {
  test("a plain command is one test", () => {
    expect(countStage({ name: "lint", status: 0 })).toEqual({ passed: 1, failed: [], skipped: [] });
    expect(countStage({ name: "lint", status: 1 }).failed).toEqual(["lint"]);
  });

  test("passes, failures and skips of a report are told apart and named", () => {
    expect(countStage({ name: "unit", status: 1, tests: { files: ["a.test.ts"], junit } })).toEqual(
      {
        passed: 1,
        failed: ["a.test.ts > grp > fails <b>"],
        skipped: ["a.test.ts > grp > skipped one"],
      },
    );
  });

  test("a file that the report does not mention is a failure", () => {
    const tally = countStage({
      name: "unit",
      status: 0,
      tests: { files: ["b.test.ts"], junit: "" },
    });
    expect(tally.failed).toEqual(["b.test.ts ran no test"]);
  });

  test("a bad exit status is never lost", () => {
    const tests = { files: [], junit: "" };
    expect(countStage({ name: "unit", status: 139, tests }).failed).toHaveLength(1);
  });
});

describe("addUp", () => {
  const tally = { passed: 2, failed: ["x"], skipped: ["s1", "s2"] };

  test("reports skips on a developer's machine", () => {
    expect(addUp([tally, tally], { skips: "report", allowed: new Set() })).toEqual({
      passed: 4,
      failed: ["x", "x"],
      skipped: ["s1", "s2", "s1", "s2"],
    });
  });

  test("turns skips that nobody allowed into failures in CI", () => {
    expect(addUp([tally], { skips: "fail", allowed: new Set(["s2"]) })).toEqual({
      passed: 2,
      failed: ["x", "s1 (skipped)"],
      skipped: ["s2"],
    });
  });
});
