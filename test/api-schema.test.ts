import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { schemas } from "../scripts/generate-schema.ts";

const root = join(import.meta.dirname, "..");

test("the committed schemas are the generated ones (npm run docs renews them)", async () => {
  const generated = Object.entries(await schemas());
  expect(generated.map(([path]) => path)).toContain("schemas/openapi.json");
  for (const [path, schema] of generated) {
    const committed: unknown = JSON.parse(readFileSync(join(root, path), "utf8"));
    expect(JSON.parse(JSON.stringify(schema))).toEqual(committed);
  }
});
