/** Writes docs/cli.md from the help pages of the command line. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cliReference } from "../src/cli/index.ts";

const docs = join(import.meta.dirname, "..", "docs");
mkdirSync(docs, { recursive: true });
writeFileSync(join(docs, "cli.md"), cliReference());
