/** Writes schemas/ from the schemas that read scenario files and requests. */
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadRoutes } from "../src/api/index.ts";
import { scenarioJsonSchema } from "../src/lab/index.ts";

const root = join(import.meta.dirname, "..");

/** Every generated schema, by its path. */
export async function schemas(): Promise<Readonly<Record<string, object>>> {
  const { describe } = await loadRoutes();
  return {
    "schemas/scenario.schema.json": scenarioJsonSchema(),
    "schemas/openapi.json": describe(),
  };
}

if (import.meta.main) {
  mkdirSync(join(root, "schemas"), { recursive: true });
  const written = Object.entries(await schemas()).map(([path, schema]) => {
    writeFileSync(join(root, path), `${JSON.stringify(schema, null, 2)}\n`);
    return join(root, path);
  });
  const biome = join(root, "node_modules", ".bin", "biome");
  const formatted = spawnSync(biome, ["format", "--write", ...written], { encoding: "utf8" });
  if (formatted.status !== 0) throw new Error(`biome format\n${formatted.stderr}`);
}
