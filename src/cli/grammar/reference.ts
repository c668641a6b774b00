import { assert } from "../../base/index.ts";
import { parseArgv } from "./parse-argv.ts";
import { listCommands } from "./vocabulary.ts";

/** The help pages of every command as one Markdown document. */
export function cliReference(): string {
  const pages = commandTree([]).map((path) => {
    const title = ["landfall", ...path].join(" ");
    return `## ${title}\n\n\`\`\`text\n${helpPage(path)}\`\`\`\n`;
  });
  return [HEADER, ...pages].join("\n");
}

const HEADER = `# The command line

<!-- Written by scripts/generate-cli-docs.ts from the help pages; do not edit. -->

Data goes to stdout, words go to stderr. \`--format json\` writes one object with
\`"schemaVersion": 1\`; a failure is \`{"schemaVersion": 1, "problem": {...}}\`.

| exit code | meaning |
|---|---|
| 0 | yes, done, nothing to do |
| 1 | no, differs, a check failed |
| 2 | the command line or a file is wrong |
| 3 | a daemon is needed and not there |
| 4 | not permitted, or the kernel lacks it |
| 5 | it was tried and failed |
| 130, 143 | ended by SIGINT, SIGTERM |
`;

function commandTree(path: readonly string[]): readonly (readonly string[])[] {
  return [path, ...listCommands(path).flatMap((name) => commandTree([...path, name]))];
}

function helpPage(path: readonly string[]): string {
  const parsed = parseArgv([...path, "--help"], { env: {}, version: "0.0.0" });
  assert(parsed.ok && parsed.value.kind === "text", `${path.join(" ")} has no help page`);
  return parsed.value.text;
}
