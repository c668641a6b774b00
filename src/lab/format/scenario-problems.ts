import { defineProblem, ExitCode } from "../../base/index.ts";

/** A scenario file cannot be used; the detail has a `file:line:column: message` line a mistake. */
export const scenarioInvalid = defineProblem<{
  readonly file: string;
  readonly mistakes: readonly string[];
}>("LF-SCENARIO-INVALID", {
  title: "The scenario file has mistakes",
  explanation:
    "The file is not YAML, has an unknown key or a wrong value, or names a switch, host, " +
    "network, container or link that it does not declare. All its mistakes are reported at once.",
  exitCode: ExitCode.usage,
  cniCode: 7,
  retryable: false,
  detail: ({ mistakes }) => mistakes.join("\n"),
  remedy: ({ file }) =>
    `Correct ${file}. An editor that knows YAML shows these mistakes while typing when the first ` +
    "line is: # yaml-language-server: $schema=../schemas/scenario.schema.json",
});

/** The problem kinds of scenario files, for the generated docs. */
export const scenarioProblems = [scenarioInvalid] as const;
