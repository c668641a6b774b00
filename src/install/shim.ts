import { assert, err, ok, type Result } from "../base/index.ts";
import { shimCode } from "./shim-code.ts";

/** What a shim has to know of the machine that it is put on. */
export interface ShimSettings {
  /** The whole program, which the shim becomes where no daemon takes the call. */
  readonly program: string;
  readonly runDirectory: string;
  readonly stateDirectory: string;
}

/** `struct settings` of native/cni-shim.c. */
const MARK = "LANDFALL-SHIM-1\0";
const fields = [
  { key: "program", prefix: "", size: 256 },
  { key: "runDirectory", prefix: "LANDFALL_RUN_DIR=", size: 128 },
  { key: "stateDirectory", prefix: "LANDFALL_STATE_DIR=", size: 256 },
] as const;

/** The small program that runtimes start; an error is the setting that is too long for it. */
export function shimFor(settings: ShimSettings): Result<Uint8Array, string> {
  const bytes = Buffer.from(shimCode[process.arch === "arm64" ? "arm64" : "x64"], "base64");
  let at = markOf(bytes);
  assert(at >= 0, "the shim has its settings");
  at += MARK.length;
  for (const { key, prefix, size } of fields) {
    const text = Buffer.from(`${prefix}${settings[key]}\0`);
    if (text.length > size) return err(settings[key]);
    bytes.fill(0, at, at + size);
    text.copy(bytes, at);
    at += size;
  }
  return ok(bytes);
}

/** Whether this is a shim, of whatever version. */
export function isShim(bytes: Uint8Array): boolean {
  return bytes.length < SHIM_BYTES_MAX && markOf(Buffer.from(bytes)) >= 0;
}

/** The whole program contains the mark too. */
const SHIM_BYTES_MAX = 64 * 1024;

function markOf(bytes: Buffer): number {
  return bytes.indexOf(MARK.replace(/\d\0$/, ""));
}
