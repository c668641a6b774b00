import { expect, test } from "bun:test";
import { networkMissing, subnetMissing } from "../../domain/index.ts";
import { problemJson, problemJsonLine } from "./json.ts";
import { plainPaint } from "./look.ts";
import { problemText } from "./problem.ts";

const missing = networkMissing({ network: "lna", known: ["lan"], nearest: "lan" });

test("a problem says what happened, its code, the remedy and the command", () => {
  expect(problemText(missing, plainPaint)).toBe(
    `error: There is no network "lna"; there are: lan.
  code:    LF-NETWORK-MISSING (No such network)
  remedy:  Did you mean lan?
  command: landfall net ls
`,
  );
});

test("what lies beneath a problem is told below it", () => {
  const problem = { ...missing, causes: [subnetMissing({ network: "lan" })] };
  expect(problemText(problem, plainPaint)).toEndWith(
    "  also:    Network lan has no subnet. [LF-SUBNET-MISSING]\n",
  );
});

test("a problem from outside cannot steer the terminal", () => {
  const problem = { ...missing, detail: "\u001b[2J", remedy: "\u0007", command: "\u009b" };
  expect(problemText(problem, plainPaint)).toBe(
    `error: \\u001b[2J
  code:    LF-NETWORK-MISSING (No such network)
  remedy:  \\u0007
  command: \\u009b
`,
  );
});

test("as JSON it is one object with the agreed keys", () => {
  const document = {
    schemaVersion: 1,
    problem: {
      code: "LF-NETWORK-MISSING",
      title: "No such network",
      detail: 'There is no network "lna"; there are: lan.',
      remedy: "Did you mean lan?",
      command: "landfall net ls",
      retryable: false,
    },
  };
  expect(JSON.parse(problemJson(missing))).toEqual(document);
  expect(JSON.parse(problemJsonLine(missing))).toEqual(document);
  expect(problemJsonLine(missing).indexOf("\n")).toBe(problemJsonLine(missing).length - 1);
});
