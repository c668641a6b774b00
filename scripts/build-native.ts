/**
 * Compiles native/calls.c and prints each function's machine code as TypeScript, or with
 * --write renews src/platform/native-code.ts. Needs gcc, and aarch64-linux-gnu-gcc for arm64.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const flags =
  "-Os -std=c11 -Wall -Wextra -Werror -ffreestanding -fPIC -fno-stack-protector " +
  // Otherwise a loop that moves bytes may become a call of memmove.
  "-fno-tree-loop-distribute-patterns " +
  "-fomit-frame-pointer -fno-asynchronous-unwind-tables -nostdlib -c";

export const architectures = {
  x64: { prefix: "", own: ["-fcf-protection=none"] },
  arm64: { prefix: "aarch64-linux-gnu-", own: [] },
} as const;

export type Architecture = keyof typeof architectures;

export interface NativeCode {
  readonly systemCall: string;
  readonly netnsWindow: string;
  readonly runErrand: string;
  readonly receiveFrame: string;
}

/** Throws where the program is missing or complains. */
export function run(command: string, args: readonly string[]): void {
  const done = spawnSync(command, args, { encoding: "utf8" });
  if (done.error) throw done.error;
  if (done.status !== 0) throw new Error(`${command} ${args.join(" ")}\n${done.stderr}`);
}

/** The machine code of all functions as hex. Throws where the compiler is missing or complains. */
export function buildNative(architecture: Architecture): NativeCode {
  const { prefix, own } = architectures[architecture];
  const folder = mkdtempSync(join(tmpdir(), "landfall-native-"));
  try {
    const object = join(folder, "out.o");
    const source = join(root, "native/calls.c");
    run(`${prefix}gcc`, [...flags.split(" "), ...own, "-o", object, source]);
    const section = (name: string): string => {
      const out = join(folder, name);
      run(`${prefix}objcopy`, ["-O", "binary", "--only-section", `.text.${name}`, object, out]);
      return readFileSync(out).toString("hex");
    };
    return {
      systemCall: section("system_call"),
      netnsWindow: section("netns_window"),
      runErrand: section("run_errand"),
      receiveFrame: section("receive_frame"),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A long text as lines of TypeScript. */
export function lines(text: string): string {
  const parts = text.match(/.{1,80}/g) ?? [];
  return parts.map((part) => `      "${part}"`).join(" +\n");
}

function render(): string {
  const rows = (Object.keys(architectures) as Architecture[]).map((name) => {
    const functions = Object.entries(buildNative(name));
    const fields = functions.map(([key, hex]) => `    ${key}:\n${lines(hex)},`).join("\n");
    return `  ${name}: {\n${fields}\n  },`;
  });
  return `/**
 * Machine code of native/calls.c, written by scripts/build-native.ts: a machine without a
 * compiler runs these bytes; a test builds them again and compares.
 */
export const nativeCode = {
${rows.join("\n")}
} as const;
`;
}

if (import.meta.main) {
  const text = render();
  if (process.argv.includes("--write")) {
    writeFileSync(join(root, "src/platform/native-code.ts"), text);
  } else {
    process.stdout.write(text);
  }
}
