/** Each rule of tidy.test.ts is shown a bad sample, which it must name, and a good one. */
import { describe, expect, test } from "bun:test";
import { checkDocComments, checkFolderFaces } from "./docs.ts";
import {
  checkArrows,
  checkCycles,
  checkFaces,
  checkModuleHomes,
  checkReach,
  resolveImport,
} from "./imports.ts";
import { checkLanguage, checkSilencers } from "./language.ts";
import {
  checkFileLength,
  checkFileName,
  checkFunctionLength,
  checkLineWidth,
  checkNesting,
  checkParameterCount,
} from "./shape.ts";
import { parseSample, parseSources, type Source, type Violation } from "./source.ts";
import { checkExpectations, checkNoSkips } from "./test-files.ts";
import { checkWords } from "./words.ts";

type Rule = (source: Source) => readonly Violation[];

/** The lines that a rule complains about. */
async function linesOf(rule: Rule, text: string, path?: string): Promise<readonly number[]> {
  return rule(await parseSample(text, path)).map(({ line }) => line);
}

const parseAll = (files: Readonly<Record<string, string>>) =>
  parseSources(new Map(Object.entries(files)));

describe("imports", () => {
  const arrows = { base: [], addr: ["base"], cli: ["addr"] };
  const checkTable: Rule = (source) => checkArrows(source, arrows);

  test("resolve from the importing file", () => {
    expect(resolveImport("src/a/b/c.ts", "../../base/index.ts")).toBe("src/base/index.ts");
    expect(resolveImport("src/a/b.ts", "zod")).toBe("zod");
  });

  test.each([
    ['import { a } from "../cli/index.ts";', "src/addr/mac.ts"],
    ['import type { A } from "../cli/index.ts";', "src/addr/mac.ts"],
    ['export { a } from "../cli/index.ts";', "src/addr/mac.ts"],
    ['const a = await import("../cli/index.ts");', "src/addr/mac.ts"],
    ['import { a } from "../../test/help.ts";', "src/addr/mac.ts"],
    ["export {};", "src/unlisted/mac.ts"],
  ])("against the arrows are caught: %s", async (text, path) => {
    expect(await linesOf(checkTable, text, path)).toEqual([1]);
  });

  test.each([
    ['import { a } from "../base/index.ts"; import { b } from "./ip.ts";', "src/addr/mac.ts"],
    ['import { a } from "zod";', "src/addr/mac.ts"],
    ['import { a } from "../cli/index.ts";', "src/addr/mac.test.ts"],
    ['import { a } from "./cli/index.ts";', "src/main.ts"],
  ])("along the arrows are fine: %s", async (text, path) => {
    expect(await linesOf(checkTable, text, path)).toEqual([]);
  });

  test("past a public face are caught, and so is a folder's own face", async () => {
    const text = `import { a } from "../base/result.ts";
      import { b } from "../base/index.ts";
      import { c } from "./index.ts";
      import { d } from "./ip.ts";
      import { e } from "../base/testing.ts";`;
    expect(await linesOf(checkFaces, text, "src/addr/mac.ts")).toEqual([1, 3, 5]);
    expect(await linesOf(checkFaces, text, "src/addr/mac.test.ts")).toEqual([1]);
    expect(await linesOf(checkFaces, 'import "../src/addr/ip.ts";', "test/x.test.ts")).toEqual([1]);
  });

  test("of guarded modules are caught outside their home", async () => {
    const homes = { "bun:ffi": ["platform"], "@optique": ["cli"] };
    const rule: Rule = (source) => checkModuleHomes(source, homes);
    const text = 'import { dlopen } from "bun:ffi";\nimport { or } from "@optique/core/parser";';
    expect(await linesOf(rule, text, "src/platform/x.ts")).toEqual([2]);
    expect(await linesOf(rule, text, "src/cli/x.ts")).toEqual([1]);
    expect(await linesOf(rule, text, "src/addr/x.ts")).toEqual([1, 2]);
  });

  test("in a circle are caught", async () => {
    const circle = await parseAll({
      "src/a/x.ts": 'import type { Y } from "./y.ts";',
      "src/a/y.ts": 'import { z } from "./z.ts";',
      "src/a/z.ts": 'export * from "./x.ts";',
    });
    expect(checkCycles(circle).map(({ message }) => message)).toEqual([
      "imports in a circle: src/a/x.ts -> src/a/y.ts -> src/a/z.ts -> src/a/x.ts",
    ]);
    const diamond = await parseAll({
      "src/a/x.ts": 'import "./y.ts"; import "./z.ts";',
      "src/a/y.ts": 'import "./z.ts";',
      "src/a/z.ts": "export {};",
    });
    expect(checkCycles(diamond)).toEqual([]);
  });

  test("are followed to what a folder carries with it", async () => {
    const sources = await parseAll({
      "src/cni/index.ts": 'import "../engine/index.ts";',
      "src/engine/index.ts": 'import "./deep.ts";',
      "src/engine/deep.ts": 'import { z } from "zod/v4";',
      "src/cli/index.ts": 'import "zod";',
    });
    const found = checkReach(sources, "cni", ["zod"]);
    expect(found.map(({ path }) => path)).toEqual(["src/engine/deep.ts"]);
    const ofFile = checkReach(sources, "src/cli/index.ts", ["zod"]);
    expect(ofFile.map(({ path }) => path)).toEqual(["src/cli/index.ts"]);
  });
});

describe("shape", () => {
  const lines = (count: number, line = "  void 0;") => `${line}\n`.repeat(count);

  test("a file of 401 lines is too long", async () => {
    expect(await linesOf(checkFileLength, lines(400))).toEqual([]);
    expect(await linesOf(checkFileLength, lines(401))).toEqual([401]);
  });

  test("a line of 101 characters is too wide, counted in characters", () => {
    expect(checkLineWidth("a.ts", `${"…".repeat(100)}\n`)).toEqual([]);
    expect(checkLineWidth("a.ts", `x\n${"…".repeat(101)}`).map(({ line }) => line)).toEqual([2]);
    expect(checkLineWidth("a.test.ts", "…".repeat(120))).toEqual([]);
    expect(checkLineWidth("a.test.ts", "…".repeat(121))).toHaveLength(1);
  });

  test.each([
    ["function f() {\n", "}\n"],
    ["const f = () => {\n", "};\n"],
    ["class C {\n  m() {\n", "  }\n}\n"],
  ])("a function of 71 lines is too long: %j", async (head, tail) => {
    // The first and the last line of the function are in `head` and `tail`.
    expect(await linesOf(checkFunctionLength, head + lines(68) + tail)).toEqual([]);
    expect(await linesOf(checkFunctionLength, head + lines(69) + tail)).toHaveLength(1);
  });

  test("a function that lists tests may be long", async () => {
    const text = `describe("x", () => {\n${lines(80, '  test("y", () => {});')}});\n`;
    expect(await linesOf(checkFunctionLength, text, "src/a/b.test.ts")).toEqual([]);
  });

  test("five parameters are too many, except for the rows of test.each", async () => {
    const text = "const f = (a, b, c, d) => a;\nfunction g(a, b, c, d, e) {}\n";
    expect(await linesOf(checkParameterCount, text)).toEqual([2]);
    const rows = "test.each([])('x', (a, b, c, d, e) => {});";
    expect(await linesOf(checkParameterCount, rows, "src/a/b.test.ts")).toEqual([]);
  });

  test("four statements in each other are too deep; else-if and callbacks are not", async () => {
    const inner = "if (a) { for (const b of c) { while (d) { BODY } } }";
    const deep = `function f() { ${inner.replace("BODY", "try { g(); } catch {}")} }`;
    const flat = `function f() { ${inner.replace("BODY", "g(() => { if (e) h(); });")} }`;
    const chain = "function f() { if (a) x(); else if (b) x(); else if (c) x(); else if (d) x(); }";
    expect(await linesOf(checkNesting, deep)).toEqual([1]);
    expect(await linesOf(checkNesting, `${flat}\n${chain}`)).toEqual([]);
  });

  test("file names are kebab-case", async () => {
    for (const name of ["rangeSet.ts", "Range.ts", "range_set.ts", "-range.ts"]) {
      expect(await linesOf(checkFileName, "", `src/a/${name}`)).toEqual([1]);
    }
    for (const name of ["range-set.ts", "ip4.kernel.test.ts", "text-files.d.ts"]) {
      expect(await linesOf(checkFileName, "", `src/a/${name}`)).toEqual([]);
    }
  });
});

describe("language", () => {
  test.each([
    "let x: any;",
    "const y = x as any;",
    "export default 3;",
    "export default function f() {}",
    "enum Colour { red }",
    "namespace N {}",
    "function f(force: boolean) {}",
    "const f = (force: boolean) => 1;",
    "class Tool { static run() {} }",
  ])("%s is caught", async (text) => {
    expect(await linesOf(checkLanguage, text)).toEqual([1]);
  });

  test.each([
    "function assert(condition: boolean): asserts condition {}",
    "function f(options: { readonly force: boolean }): boolean { return true; }",
    "class Count { #count = 0; }",
    "class Bug extends Error {}",
    'const any = "any default enum namespace";',
  ])("%s is fine", async (text) => {
    expect(await linesOf(checkLanguage, text)).toEqual([]);
  });

  test("comments that silence a checker are caught", async () => {
    const text = ["ts-ignore", "ts-expect-error", "ts-nocheck"].map((word) => `// @${word}\n`);
    const others = ["biome", "eslint"].map((tool, index) => `// ${tool}-${["ign", "dis"][index]}`);
    const all = `${text.join("")}${others[0]}ore lint: no\n${others[1]}able\n`;
    expect(await linesOf(checkSilencers, all)).toEqual([1, 2, 3, 4, 5]);
  });
});

describe("words", () => {
  const found = (text: string, path = "src/attach/x.ts") => checkWords(path, text).length;

  test.each([
    "// TODO later",
    "// FIXME",
    "const master = 1;",
    "a Slave device",
    "you simply call it",
    "Obviously",
    'open("/work/main")',
    "https://registry.example.org/x",
    "npmjs",
  ])("%s is caught", (text) => {
    expect(found(text)).toBe(1);
  });

  test.each([
    "// TODO(#12) later",
    "IFLA_MASTER and IFLA_INFO_SLAVE_KIND",
    "`ip link set p0 master br0`",
    "bridge fdb replace 02::1 dev s1 master static",
    '["ip", "link", "set", "p0", "master", "br0"]',
    "./net/work/x and homework/",
    "registry.get(key)",
    "mastered",
  ])("%s is fine", (text) => {
    expect(found(text)).toBe(0);
  });

  test("others' words are fine only where they are quoted", () => {
    expect(found("master: eth0", "src/cni/x.ts")).toBe(0);
    expect(found("slave_kind", "src/netlink/x.ts")).toBe(0);
    expect(found("master: eth0", "src/engine/x.ts")).toBe(1);
  });
});

describe("docs", () => {
  test("a folder without a face, or with a silent one, is caught", async () => {
    const sources = await parseAll({
      "src/a/x.ts": "export {};",
      "src/b/index.ts": "// hello\nexport {};",
      "src/c/index.ts": "/** What it is for. */\nexport {};",
      "src/main.ts": "export {};",
    });
    const paths = checkFolderFaces(sources).map(({ path }) => path);
    expect(paths).toEqual(["src/a/index.ts", "src/b/index.ts"]);
  });

  test("a public function without a doc comment is caught where it is", async () => {
    const sources = await parseAll({
      "src/a/index.ts": 'export { bare, told, arrow, type T, x as y, many } from "./f.ts";',
      "src/a/f.ts": [
        "// A comment is no doc comment.",
        "export function bare() {}",
        "/** Tells. */",
        "export function told() {}",
        "export const arrow = () => 1;",
        "export function x() {}",
        "export type T = 1;",
        "function inner() {}",
        "/** One of two. */",
        "export function many(a: string): void;",
        "export function many(a: unknown) {}",
      ].join("\n"),
    });
    expect(checkDocComments(sources).map(({ path, line }) => `${path}:${line}`)).toEqual([
      "src/a/f.ts:2",
      "src/a/f.ts:5",
      "src/a/f.ts:6",
    ]);
  });
});

describe("test files", () => {
  const path = "src/a/b.test.ts";

  test("tests that are left out are caught", async () => {
    const words = ["only", "skip", "todo", "failing"].map((word) => `test.${word}("x", f);`);
    const text = [...words, 'describe.skip("x", f);', 'test.skipIf(a)("x", f);'].join("\n");
    expect(await linesOf(checkNoSkips, text, path)).toEqual([1, 2, 3, 4, 5]);
    expect(await linesOf(checkNoSkips, text, "src/a/b.ts")).toEqual([]);
  });

  test("tests that expect nothing are caught", async () => {
    const text = [
      'test("a", () => { run(); });',
      'test("b", () => { expect(run()).toBe(1); });',
      'test("c", () => { expect<unknown>(run()).toBe(1); });',
      'test("d", () => { fc.assert(property); });',
      'test("e", () => { expectSame(a, b); });',
      'test.each(rows)("f", (row) => { run(row); });',
      'test.skipIf(a)("g", () => { run(); });',
      "/expect/.test(text);",
    ].join("\n");
    expect(await linesOf(checkExpectations, text, path)).toEqual([1, 6, 7]);
  });
});
