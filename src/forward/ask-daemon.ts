import type { Millis } from "../base/index.ts";
import { decodeFrame, encodeFrame } from "./frame.ts";
import type { PluginCall, PluginReply } from "./plugin-call.ts";

/** The daemon's CNI socket below its run directory. */
export function cniSocket(runDirectory: string): string {
  return `${runDirectory}/cni.sock`;
}

/** What became of a call that the daemon was asked to do. */
export type Asked =
  | { readonly kind: "answered"; readonly reply: PluginReply }
  /** Nobody did anything: whoever asks does it himself. */
  | { readonly kind: "away" }
  /** It was sent, and nobody knows what was done. */
  | { readonly kind: "lost" };

/** A way to the daemon. */
export interface DaemonLine {
  readonly socket: string;
  /** How long an answer may take. */
  readonly patience: Millis;
}

/** Sends a call to the daemon, once. */
export function askDaemon(call: PluginCall, { socket, patience }: DaemonLine): Promise<Asked> {
  const { promise, resolve } = Promise.withResolvers<Asked>();
  let left: Uint8Array = encodeFrame({ kind: "request", call });
  let taken: Uint8Array = new Uint8Array();
  // What was not sent to its end was read by nobody to its end.
  const leave = (): void => resolve({ kind: left.length === 0 ? "lost" : "away" });
  const send = (line: Bun.Socket): void => {
    if (left.length > 0) left = left.subarray(Math.max(0, line.write(left)));
  };
  const receive = (bytes: Uint8Array): void => {
    taken = taken.length === 0 ? bytes.slice() : Buffer.concat([taken, bytes]);
    const decoded = decodeFrame(taken);
    if (decoded.kind === "partial") return;
    const frame = decoded.kind === "whole" ? decoded.frame : undefined;
    if (frame?.kind === "answer") resolve({ kind: "answered", reply: frame.reply });
    else resolve({ kind: frame?.kind === "declined" ? "away" : "lost" });
  };
  const line = Bun.connect({
    unix: socket,
    socket: {
      open: send,
      drain: send,
      data: (_, bytes) => receive(bytes),
      end: leave,
      close: leave,
      error: leave,
    },
  });
  const timer = setTimeout(leave, patience);
  line.catch(() => resolve({ kind: "away" }));
  return promise.finally(() => {
    clearTimeout(timer);
    line.then((opened) => opened.terminate()).catch(() => undefined);
  });
}
