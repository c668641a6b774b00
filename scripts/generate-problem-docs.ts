/** Writes docs/problems.md from the catalogues of problems that the folders export. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { addrProblems } from "../src/addr/index.ts";
import { apiProblems } from "../src/api/index.ts";
import { ExitCode, type ProblemKind } from "../src/base/index.ts";
import { cliProblems } from "../src/cli/index.ts";
import { cniRunProblems } from "../src/cnirun/index.ts";
import { daemonProblems } from "../src/daemon/index.ts";
import { dockerProblems } from "../src/docker/index.ts";
import { dockerdProblems } from "../src/dockerd/index.ts";
import { domainProblems } from "../src/domain/index.ts";
import { doorProblems } from "../src/door/index.ts";
import { installProblems } from "../src/install/index.ts";
import { labProblems, scenarioProblems } from "../src/lab/index.ts";
import { storeProblems } from "../src/store/index.ts";
import { umlProblems } from "../src/uml/index.ts";
import { wireProblems } from "../src/wire/index.ts";

/** The problems of one folder; `list` is the name of its export. */
export interface Chapter {
  readonly list: string;
  readonly title: string;
  readonly kinds: readonly ProblemKind<never>[];
}

/** Every problem that people can meet, by where they meet it. */
export const catalogue: readonly Chapter[] = [
  { list: "cliProblems", title: "The command line", kinds: cliProblems },
  { list: "addrProblems", title: "Addresses as text", kinds: addrProblems },
  { list: "domainProblems", title: "Networks, parents and endpoints", kinds: domainProblems },
  { list: "daemonProblems", title: "The daemon", kinds: daemonProblems },
  { list: "doorProblems", title: "Sockets", kinds: doorProblems },
  { list: "installProblems", title: "Installing the daemon", kinds: installProblems },
  { list: "apiProblems", title: "Asking the daemon", kinds: apiProblems },
  { list: "dockerProblems", title: "Docker", kinds: dockerProblems },
  { list: "cniRunProblems", title: "Running CNI plugins", kinds: cniRunProblems },
  { list: "storeProblems", title: "The state", kinds: storeProblems },
  { list: "scenarioProblems", title: "Scenario files", kinds: scenarioProblems },
  { list: "labProblems", title: "Labs", kinds: labProblems },
  { list: "dockerdProblems", title: "Docker engines of labs", kinds: dockerdProblems },
  { list: "umlProblems", title: "User-mode kernels", kinds: umlProblems },
  { list: "wireProblems", title: "Captures", kinds: wireProblems },
];

/** The whole of docs/problems.md. Each code is a heading of its own, so `#lf-…` leads to it. */
export function problemReference(): string {
  return [HEADER, contents(), ...catalogue.map(chapter)].join("\n");
}

const HEADER = `# Problems

<!-- Written by scripts/generate-problem-docs.ts from the catalogue in the sources; do not edit. -->

Every failure that Landfall expects has a code that never changes its meaning and is never used
again. The program says with it what happened, what to do now, and which command shows the cause;
with \`--format json\` the same is \`problem.code\`, \`detail\`, \`remedy\` and \`command\`. This
page says what leads to each, and whether the same request may succeed later.
`;

const exitCodes: Readonly<Record<ExitCode, string>> = {
  [ExitCode.yes]: "yes, done, nothing to do",
  [ExitCode.no]: "no, differs, a check failed",
  [ExitCode.usage]: "the command line or a file is wrong",
  [ExitCode.daemonAway]: "a daemon is needed and not there",
  [ExitCode.notPermitted]: "not permitted, or the kernel lacks it",
  [ExitCode.failed]: "it was tried and failed",
};

function contents(): string {
  const rows = catalogue.flatMap(({ title, kinds }) => [
    `| **${title}** | |`,
    ...kinds.map((kind) => `| [${kind.code}](#${kind.code.toLowerCase()}) | ${kind.title} |`),
  ]);
  return ["| code | what it says |", "|---|---|", ...rows, ""].join("\n");
}

function chapter({ title, kinds }: Chapter): string {
  return [`## ${title}`, "", ...kinds.map(section)].join("\n");
}

function section({ code, title, explanation, exitCode, retryable }: ProblemKind<never>): string {
  const later = retryable
    ? "Retry: the same request may succeed later."
    : "Retry: the same request fails again until something is changed.";
  return [
    `### ${code}`,
    "",
    `**${title}.** ${explanation}`,
    "",
    `- Exit code: ${exitCode}, ${exitCodes[exitCode]}.`,
    `- ${later}`,
    "",
  ].join("\n");
}

if (import.meta.main) {
  const docs = join(import.meta.dirname, "..", "docs");
  mkdirSync(docs, { recursive: true });
  writeFileSync(join(docs, "problems.md"), problemReference());
}
