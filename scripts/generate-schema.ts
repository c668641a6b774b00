/** Writes schemas/scenario.schema.json from the schema that reads scenario files. */
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scenarioJsonSchema } from "../src/lab/index.ts";

const root = join(import.meta.dirname, "..");
const file = join(root, "schemas", "scenario.schema.json");
mkdirSync(join(root, "schemas"), { recursive: true });
writeFileSync(file, `${JSON.stringify(scenarioJsonSchema(), null, 2)}\n`);
const biome = join(root, "node_modules", ".bin", "biome");
const formatted = spawnSync(biome, ["format", "--write", file], { encoding: "utf8" });
if (formatted.status !== 0) throw new Error(`biome format ${file}\n${formatted.stderr}`);
