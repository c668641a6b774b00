import { readSync } from "node:fs";

const CHUNK_BYTES = 65_536;

/** All that comes on a descriptor, to its end; nothing else is done meanwhile. */
export function readAll(descriptor: number): Uint8Array {
  const chunks: Uint8Array[] = [];
  for (;;) {
    const chunk = new Uint8Array(CHUNK_BYTES);
    const count = readSome(descriptor, chunk);
    if (count === 0) return Buffer.concat(chunks);
    chunks.push(chunk.subarray(0, count));
  }
}

function readSome(descriptor: number, chunk: Uint8Array): number {
  for (;;) {
    try {
      return readSync(descriptor, chunk);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      if (code !== "EAGAIN") throw error;
      // Somebody else made this pipe one that does not block, and its writer is slow.
      Bun.sleepSync(1);
    }
  }
}
