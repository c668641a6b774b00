import { writeSync } from "node:fs";

/** By descriptor: process.stdout takes longer to set up than the rest of the program to start. */
export const descriptors = { stdout: 1, stderr: 2 } as const;

/** Writes texts; a reader that went away (`| head`) ends the text, not the command. */
export function writerTo(descriptor: number): (text: string) => void {
  let reader: "there" | "gone" = "there";
  return (text) => {
    if (reader === "there") reader = writeAll(descriptor, Buffer.from(text));
  };
}

function writeAll(descriptor: number, bytes: Uint8Array): "there" | "gone" {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(descriptor, bytes, at);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      if (code === "EPIPE") return "gone";
      if (code !== "EAGAIN") throw error;
      // Somebody else made this pipe one that does not block, and its reader is slow.
      Bun.sleepSync(1);
    }
  }
  return "there";
}
