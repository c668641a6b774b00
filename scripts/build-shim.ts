/**
 * Compiles native/cni-shim.c for each architecture and prints the programs as TypeScript, or with
 * --write renews src/install/shim-code.ts. Needs gcc, and aarch64-linux-gnu-gcc for arm64.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Architecture, architectures, lines, run } from "./build-native.ts";

const root = join(import.meta.dirname, "..");
const flags =
  "-Os -std=c11 -Wall -Wextra -Werror -ffreestanding -fno-pie -no-pie -fno-stack-protector " +
  // Otherwise a loop that copies may become a call of memcpy.
  "-fno-tree-loop-distribute-patterns " +
  "-fomit-frame-pointer -fno-asynchronous-unwind-tables -static -nostdlib -s " +
  "-Wl,--build-id=none -Wl,-z,noseparate-code -Wl,-z,norelro";

/** The program for an architecture. Throws where the compiler is missing or complains. */
export function buildShim(architecture: Architecture): Buffer {
  const { prefix, own } = architectures[architecture];
  const folder = mkdtempSync(join(tmpdir(), "landfall-shim-"));
  try {
    const out = join(folder, "shim");
    run(`${prefix}gcc`, [...flags.split(" "), ...own, "-o", out, join(root, "native/cni-shim.c")]);
    return readFileSync(out);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function render(): string {
  const rows = (Object.keys(architectures) as Architecture[]).map(
    (name) => `  ${name}:\n${lines(buildShim(name).toString("base64"))},`,
  );
  return `/**
 * native/cni-shim.c as a program in base64, written by scripts/build-shim.ts: a machine without a
 * compiler installs these bytes; a test builds them again and compares.
 */
export const shimCode = {
${rows.join("\n")}
} as const;
`;
}

if (import.meta.main) {
  const text = render();
  if (process.argv.includes("--write")) {
    writeFileSync(join(root, "src/install/shim-code.ts"), text);
  } else {
    process.stdout.write(text);
  }
}
