import { callInts } from "./native.ts";

/** asm-generic/ioctls.h. */
const TCGETS = 0x5401;
const NULL = 0;

/**
 * isatty(3). node:tty has it, too, and brings sockets and streams along that a command waits for.
 */
export function isTerminal(descriptor: number): boolean {
  // A terminal finds no room for its settings at address 0; everything else does not know the call.
  const asked = callInts("ioctl", descriptor, TCGETS, NULL);
  return !asked.ok && asked.error.errno === "EFAULT";
}
