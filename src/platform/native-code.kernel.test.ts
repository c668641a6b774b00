import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { buildNative } from "../../scripts/build-native.ts";
import { nativeCode } from "./native-code.ts";

/** Another compiler may choose other instructions; the bytes were built with this one. */
const COMPILER = "12.2.0";

function compilerVersion(): string {
  return spawnSync("gcc", ["-dumpfullversion"], { encoding: "utf8" }).stdout?.trim() ?? "";
}

test("the stored machine code is what native/calls.c compiles to", () => {
  const built = buildNative("x64");
  if (compilerVersion() === COMPILER) expect(built).toEqual(nativeCode.x64);
  // Whatever the compiler, all functions are there and end in ret (c3).
  for (const hex of Object.values(built)) expect(hex).toMatch(/c3$/);
});
