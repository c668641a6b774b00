import { unreachable } from "../base/index.ts";
import type { PluginCall, PluginReply } from "./plugin-call.ts";

/**
 * What goes over the CNI socket. A connection carries one request and one answer. Numbers are
 * big-endian; texts are UTF-8.
 *
 * ```text
 * header    "LFCN"  version u16  kind u16  length of what follows u32
 * request   length of name u32, of environment u32   name   environment   stdin
 * answer    exit status u32   length of stdout u32   stdout   stderr
 * declined  why
 * ```
 *
 * The environment is NAME=VALUE, each with a zero byte behind it: CNI's, PATH, LANDFALL_NETNS, the
 * inode of CNI_NETNS, and LANDFALL_HOME and LANDFALL_MOUNTS, those of the caller's own namespaces.
 * "declined": the other side did nothing, so whoever asked may do it himself. The header and
 * "declined" are the same in all versions, so that programs of different versions beside each other
 * know that they differ.
 */
export type Frame =
  | { readonly kind: "request"; readonly call: PluginCall }
  | { readonly kind: "answer"; readonly reply: PluginReply }
  | { readonly kind: "declined"; readonly reason: string };

/**
 * "partial": more is to come; `need` bytes in all, as far as is known. "foreign": a frame of
 * another version. "refused": these are no frames.
 */
export type Decoded =
  | { readonly kind: "whole"; readonly frame: Frame }
  | { readonly kind: "partial"; readonly need: number }
  | { readonly kind: "foreign"; readonly version: number }
  | { readonly kind: "refused"; readonly reason: string };

/** What the shim has room for; the kernel gives a program no longer environment by default. */
export const FRAME_BYTES_MAX = 4 * 1024 * 1024;

const MAGIC = 0x4c46434e;
const VERSION = 1;
const HEADER_BYTES = 12;
const LENGTHS_BYTES = 8;
const kinds = { request: 1, answer: 2, declined: 3 } as const;

const encoder = new TextEncoder();
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** Names and values of an environment may be any bytes; no word that CNI knows needs more. */
const lenient = new TextDecoder("utf-8", { ignoreBOM: true });

/** The frame as bytes. */
export function encodeFrame(frame: Frame): Uint8Array {
  const parts = partsOf(frame);
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const bytes = new Uint8Array(HEADER_BYTES + length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC);
  view.setUint16(4, VERSION);
  view.setUint16(6, kinds[frame.kind]);
  view.setUint32(8, length);
  let at = HEADER_BYTES;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function partsOf(frame: Frame): readonly Uint8Array[] {
  switch (frame.kind) {
    case "request": {
      const { plugin, env, stdin } = frame.call;
      const name = encoder.encode(plugin);
      const pairs = Object.entries(env).map(([key, value]) => `${key}=${value}\0`);
      const variables = encoder.encode(pairs.join(""));
      return [numbers(name.length, variables.length), name, variables, stdin];
    }
    case "answer": {
      const { exitCode, stdout, stderr = "" } = frame.reply;
      const out = encoder.encode(stdout);
      return [numbers(exitCode, out.length), out, encoder.encode(stderr)];
    }
    case "declined":
      return [encoder.encode(frame.reason)];
    default:
      return unreachable(frame);
  }
}

function numbers(first: number, second: number): Uint8Array {
  const bytes = new Uint8Array(LENGTHS_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, first);
  view.setUint32(4, second);
  return bytes;
}

/** Reads the one frame that `bytes` begin with, or are. */
export function decodeFrame(bytes: Uint8Array): Decoded {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER_BYTES) return { kind: "partial", need: HEADER_BYTES };
  if (view.getUint32(0) !== MAGIC) return refused("it does not begin as a frame does");
  const need = HEADER_BYTES + view.getUint32(8);
  if (need > FRAME_BYTES_MAX) return refused(`its ${need} bytes are more than ${FRAME_BYTES_MAX}`);
  if (bytes.length < need) return { kind: "partial", need };
  if (bytes.length > need) return refused("more follows than one frame");
  const body = bytes.subarray(HEADER_BYTES);
  const version = view.getUint16(4);
  const kind = view.getUint16(6);
  if (kind === kinds.declined) return whole({ kind: "declined", reason: lenient.decode(body) });
  if (version !== VERSION) return { kind: "foreign", version };
  if (body.length < LENGTHS_BYTES) return refused("it is too short for what it says it is");
  const first = view.getUint32(HEADER_BYTES);
  const second = view.getUint32(HEADER_BYTES + 4);
  const rest = body.subarray(LENGTHS_BYTES);
  if (kind === kinds.request) return decodeRequest(rest, first, second);
  if (kind === kinds.answer) return decodeAnswer(rest, first, second);
  return refused(`nothing is known of kind ${kind}`);
}

function decodeRequest(rest: Uint8Array, name: number, variables: number): Decoded {
  if (name + variables > rest.length) return refused("its lengths do not fit together");
  const plugin = textOf(rest.subarray(0, name));
  if (plugin === undefined) return refused("the plugin's name is no text");
  const env = environmentOf(rest.subarray(name, name + variables));
  if (env === undefined) return refused("its environment is not NAME=VALUE");
  // A copy: what it was read from is larger, and used again.
  const stdin = rest.slice(name + variables);
  return whole({ kind: "request", call: { plugin, env, stdin } });
}

function decodeAnswer(rest: Uint8Array, exitCode: number, length: number): Decoded {
  if (length > rest.length) return refused("its lengths do not fit together");
  if (exitCode !== 0 && exitCode !== 1) return refused(`a plugin does not end with ${exitCode}`);
  const stdout = textOf(rest.subarray(0, length));
  const stderr = textOf(rest.subarray(length));
  if (stdout === undefined || stderr === undefined) return refused("what it says is no text");
  const reply = { exitCode, stdout, ...(stderr === "" ? {} : { stderr }) } as const;
  return whole({ kind: "answer", reply });
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes);
  } catch {
    return undefined;
  }
}

/** The first of a name counts, as for getenv(3). */
function environmentOf(bytes: Uint8Array): Readonly<Record<string, string>> | undefined {
  if (bytes.length === 0) return {};
  if (bytes.at(-1) !== 0) return undefined;
  const pairs = lenient.decode(bytes.subarray(0, -1)).split("\0");
  const env = new Map<string, string>();
  for (const pair of pairs) {
    const at = pair.indexOf("=");
    if (at < 1) return undefined;
    const name = pair.slice(0, at);
    if (!env.has(name)) env.set(name, pair.slice(at + 1));
  }
  return Object.fromEntries(env);
}

function whole(frame: Frame): Decoded {
  return { kind: "whole", frame };
}

function refused(reason: string): Decoded {
  return { kind: "refused", reason };
}
