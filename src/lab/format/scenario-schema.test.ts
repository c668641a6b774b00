import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv2020 from "ajv/dist/2020";
import { parse } from "yaml";
import { parseScenario } from "./parse-scenario.ts";
import { scenarioExample } from "./scenario-example.ts";

const root = join(import.meta.dirname, "..", "..", "..");
const folder = join(root, "scenarios");
const files = readdirSync(folder).filter((name) => name.endsWith(".yaml"));
const committed: unknown = JSON.parse(
  readFileSync(join(root, "schemas", "scenario.schema.json"), "utf8"),
);
const accepts = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile(
  committed as object,
);

test("there are scenario files", () => {
  expect(files.length).toBeGreaterThanOrEqual(6);
});

test.each(files)("%s parses, and editors accept it", (name) => {
  const text = readFileSync(join(folder, name), "utf8");
  const result = parseScenario(text, name);
  expect(result.ok ? "" : result.error.detail).toBe("");
  accepts(parse(text, { merge: true }));
  expect(accepts.errors).toBeNull();
  expect(text.split("\n")[0]).toBe(
    "# yaml-language-server: $schema=../schemas/scenario.schema.json",
  );
  if (result.ok) expect(name.startsWith(result.value.id)).toBe(true);
});

test("editors accept the format's example and refuse what the parser refuses", () => {
  expect(accepts(parse(scenarioExample))).toBe(true);
  expect(accepts({ id: "a", title: "b", hosts: { h1: { nics: { eth0: {} } } } })).toBe(false);
  expect(accepts({ id: "a", title: "b", switchs: {} })).toBe(false);
  expect(accepts({ id: "a", title: "b", checks: [{ flow: "a -> b", expect: "maybe" }] })).toBe(
    false,
  );
});
