/**
 * The rules of this repository that neither the compiler nor Biome knows, each as one test. A rule
 * is a pure function in tidy/, and tidy/rules.test.ts shows that each catches what it is for.
 */
import { beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { checkDocComments, checkFolderFaces } from "./tidy/docs.ts";
import {
  type Arrows,
  checkArrows,
  checkCycles,
  checkFaces,
  checkModuleHomes,
  checkReach,
  type ModuleHomes,
} from "./tidy/imports.ts";
import { checkLanguage, checkSilencers } from "./tidy/language.ts";
import {
  checkFileLength,
  checkFileName,
  checkFunctionLength,
  checkLineWidth,
  checkNesting,
  checkParameterCount,
} from "./tidy/shape.ts";
import { type FileTexts, parseSources, type Source, type Violation } from "./tidy/source.ts";
import { checkExpectations, checkNoSkips } from "./tidy/test-files.ts";
import { checkWords } from "./tidy/words.ts";

/** The whole architecture in one table. src/main.ts puts everything together and is not in it. */
const arrows: Arrows = {
  base: [],
  addr: ["base"],
  platform: ["base"],
  wire: ["base", "addr"],
  netlink: ["base", "addr", "platform"],
  domain: ["base", "addr"],
  model: ["base", "addr", "domain"],
  store: ["base", "addr", "platform", "domain"],
  ipam: ["base", "addr", "domain", "store"],
  dhcp: ["base", "addr", "platform", "wire"],
  attach: ["base", "addr", "platform", "wire", "netlink", "domain"],
  engine: ["base", "addr", "platform", "netlink", "domain", "store", "ipam", "attach"],
  lab: [
    ...["base", "addr", "platform", "wire", "netlink", "domain", "model", "store", "engine"],
    ...["docker", "daemon", "door", "dockerd", "uml", "cnirun"],
  ],
  api: ["base", "addr", "domain", "engine"],
  daemon: [
    ...["base", "addr", "platform", "domain", "store", "dhcp", "engine", "api", "docker", "cni"],
    ...["forward", "door"],
  ],
  docker: ["base", "addr", "platform", "domain", "engine", "api"],
  cni: ["base", "addr", "platform", "domain", "store", "engine", "cnirun"],
  forward: ["base"],
  door: ["base", "platform", "forward"],
  dockerd: ["base"],
  uml: ["base"],
  install: ["base"],
  cnirun: ["base", "platform", "domain"],
  cli: [
    ...["base", "addr", "platform", "domain", "store", "engine", "lab", "api", "install"],
    ...["forward", "cnirun"],
  ],
  ui: ["api"],
};

const moduleHomes: ModuleHomes = {
  "bun:ffi": ["platform"],
  "bun:sqlite": ["store"],
  "@optique": ["cli"],
  hono: ["api", "daemon"],
  "@hono": ["api", "daemon"],
  "@logtape": ["daemon"],
};

/**
 * What would make the CNI plugin heavy; it is started once for every container. Where no daemon
 * runs, the first call waits until a stand-in is loaded.
 */
const tooHeavyForCni = ["zod", "yaml", "@optique", "docker", "daemon", "cli", "ui", "lab"];

const root = join(import.meta.dirname, "..");

async function readTexts(...patterns: readonly string[]): Promise<FileTexts> {
  const paths = patterns.flatMap((pattern) => [
    ...new Bun.Glob(pattern).scanSync({ cwd: root, dot: true }),
  ]);
  const wanted = paths.filter((path) => !/(?:^|\/)(?:node_modules|dist|\.git)\//.test(path)).sort();
  const texts = wanted.map(
    async (path) => [path, await Bun.file(join(root, path)).text()] as const,
  );
  return new Map(await Promise.all(texts));
}

let sources: readonly Source[] = [];
let files: FileTexts = new Map();

beforeAll(async () => {
  sources = await parseSources(await readTexts("{src,test,scripts}/**/*.ts"));
  // All that people read or run, without what is generated.
  files = await readTexts(
    "landfall",
    "*.md",
    ".ci/*",
    "{src,test,scripts,native,docs,packaging,scenarios}/**/*.{ts,tsx,sh,c,h,md,yaml,css,html}",
  );
});

/** A violation a line, so that a failing test reads as a list of what to do. */
function expectNone(violations: readonly Violation[]): void {
  const lines = violations.map(({ path, line, message }) => `${path}:${line}: ${message}`);
  expect(lines).toEqual([]);
}

const inFiles = (rule: (path: string, text: string) => readonly Violation[], only = /./) =>
  [...files].filter(([path]) => only.test(path)).flatMap(([path, text]) => rule(path, text));

test("there are files to look at", () => {
  expect(sources.map(({ path }) => path)).toContain("src/base/index.ts");
  expect([...files.keys()]).toContain("landfall");
});

test("folders import only along the arrows", () => {
  expectNone(sources.flatMap((source) => checkArrows(source, arrows)));
});

test("the arrows themselves have no circle", () => {
  const rank = Object.keys(arrows);
  const isKnown = (folder: string) => rank.includes(folder);
  const reach = (folder: string, trail: readonly string[]): boolean =>
    trail.includes(folder) ||
    (arrows[folder] ?? []).some((next) => reach(next, [...trail, folder]));
  expect(
    Object.values(arrows)
      .flat()
      .filter((folder) => !isKnown(folder)),
  ).toEqual([]);
  expect(rank.filter((folder) => reach(folder, []))).toEqual([]);
});

test("folders are entered through their index.ts", () => {
  expectNone(sources.flatMap(checkFaces));
});

test("no files import each other in a circle", () => {
  expectNone(checkCycles(sources));
});

test("FFI, SQLite and the command line grammar stay in their folders", () => {
  expectNone(sources.flatMap((source) => checkModuleHomes(source, moduleHomes)));
});

test.each(["cni", "src/plugin.ts", "src/stand-in.ts"])(
  "%s carries nothing heavy with it",
  (from) => {
    expectNone(checkReach(sources, from, tooHeavyForCni));
  },
);

test("every folder has a public face that says what it is for", () => {
  expectNone(checkFolderFaces(sources));
});

test("public functions have doc comments", () => {
  expectNone(checkDocComments(sources));
});

test("files have at most 400 lines", () => {
  expectNone(sources.flatMap(checkFileLength));
});

test("lines have at most 100 characters", () => {
  expectNone(inFiles(checkLineWidth, /^landfall$|^\.ci\/|\.(?:tsx?|sh|c|h)$/));
});

test("functions have at most 70 lines", () => {
  expectNone(sources.flatMap(checkFunctionLength));
});

test("functions have at most 4 parameters", () => {
  expectNone(sources.flatMap(checkParameterCount));
});

test("statements nest at most 3 deep", () => {
  expectNone(sources.flatMap(checkNesting));
});

test("file names are kebab-case", () => {
  expectNone(sources.flatMap(checkFileName));
});

test("the parts of TypeScript that are not used here stay unused", () => {
  expectNone(sources.flatMap(checkLanguage));
});

test("no checker is silenced", () => {
  expectNone(sources.flatMap(checkSilencers));
});

test("no banned words, no paths of one machine, no registries", () => {
  expectNone(inFiles(checkWords, /^(?!test\/tidy\/(?:words|rules\.test)\.ts$)/));
});

test("no test is left out by hand", () => {
  expectNone(sources.flatMap(checkNoSkips));
});

test("every test expects something", () => {
  expectNone(sources.flatMap(checkExpectations));
});
