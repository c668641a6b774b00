import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { buildShim } from "../../scripts/build-shim.ts";
import { isShim, shimFor } from "./shim.ts";
import { shimCode } from "./shim-code.ts";

/** Another compiler may choose other instructions; the bytes were built with this one. */
const COMPILER = "12.2.0";
const built = spawnSync("gcc", ["-dumpfullversion"], { encoding: "utf8" }).stdout?.trim();

test("the stored programs are what native/cni-shim.c compiles to", () => {
  const bytes = buildShim("x64");
  if (built === COMPILER) expect(bytes.toString("base64")).toBe(shimCode.x64);
  expect(bytes.subarray(0, 4).toString("latin1")).toBe("\x7fELF");
  // e_machine: EM_X86_64, EM_AARCH64
  expect(Buffer.from(shimCode.x64, "base64").readUInt16LE(18)).toBe(62);
  expect(Buffer.from(shimCode.arm64, "base64").readUInt16LE(18)).toBe(183);
  expect(bytes.length).toBeLessThan(8 * 1024);
});

const settings = {
  program: "/usr/local/bin/landfall",
  runDirectory: "/run/a",
  stateDirectory: "/var/lib/b",
};

test("a shim carries what is different on its machine, and is known again", () => {
  const shim = shimFor(settings);
  const text = shim.ok ? Buffer.from(shim.value).toString("latin1") : "";
  expect(text).toContain("/usr/local/bin/landfall\0");
  expect(text).toContain("LANDFALL_RUN_DIR=/run/a\0");
  expect(text).toContain("LANDFALL_STATE_DIR=/var/lib/b\0");
  expect(isShim(Buffer.from(text, "latin1"))).toBe(true);
  expect(isShim(Buffer.from("#!/bin/sh\n"))).toBe(false);
});

test("what is too long for it is told", () => {
  const longest = "x".repeat(255);
  expect(shimFor({ ...settings, program: longest }).ok).toBe(true);
  const longer = `${longest}x`;
  expect(shimFor({ ...settings, program: longer })).toEqual({ ok: false, error: longer });
});
