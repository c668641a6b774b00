import { expect, test } from "bun:test";
import { defineProblem, ExitCode } from "./index.ts";

const cableLoose = defineProblem("LF-CABLE-LOOSE", {
  title: "The cable is loose",
  explanation: "Somebody tripped over it.",
  exitCode: ExitCode.failed,
  cniCode: 123,
  retryable: true,
  detail: (f: { port: number; command: string | undefined }) => `Port ${f.port} has no carrier.`,
  remedy: (f) => `Plug it into port ${f.port}.`,
  command: (f) => f.command,
});

const rowOnly = defineProblem("LF-ROW-ONLY", {
  title: "A row without a command",
  explanation: "Not every problem has one.",
  exitCode: ExitCode.usage,
  cniCode: 7,
  retryable: false,
  detail: () => "It has none.",
  remedy: () => "Nothing.",
});

test("a problem is its row, told about one occurrence, with the facts beside the words", () => {
  expect(cableLoose({ port: 3, command: "ethtool eth3" })).toEqual({
    code: "LF-CABLE-LOOSE",
    title: "The cable is loose",
    detail: "Port 3 has no carrier.",
    remedy: "Plug it into port 3.",
    command: "ethtool eth3",
    retryable: true,
    exitCode: 5,
    cniCode: 123,
    facts: { port: 3, command: "ethtool eth3" },
  });
});

test("a command that does not exist is left out, not undefined", () => {
  expect(Object.keys(cableLoose({ port: 3, command: undefined }))).not.toContain("command");
  expect(Object.keys(rowOnly({}))).not.toContain("command");
});

test("causes are kept in order, and left out when there are none", () => {
  const causes = [rowOnly({}), cableLoose({ port: 1, command: undefined })];
  for (const some of [causes, causes.slice(0, 1)]) {
    expect(cableLoose({ port: 3, command: undefined }, some).causes).toEqual(some);
  }
  expect(Object.keys(cableLoose({ port: 3, command: undefined }, []))).not.toContain("causes");
});

test("the kind carries what the generated docs need without an occurrence", () => {
  const { code, title, explanation, exitCode, retryable } = cableLoose;
  expect({ code, title, explanation, exitCode, retryable }).toEqual({
    code: "LF-CABLE-LOOSE",
    title: "The cable is loose",
    explanation: "Somebody tripped over it.",
    exitCode: 5,
    retryable: true,
  });
});
