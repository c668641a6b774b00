import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const program = join(import.meta.dirname, "support/read-only-door.ts");

test("a daemon that cannot write where a configuration wants files leaves the call alone", async () => {
  const directory = mkdtempSync(join(tmpdir(), "lf-read-only-"));
  const locked = join(directory, "locked");
  mkdirSync(locked);
  // As ProtectSystem=strict makes it: read-only in the daemon's mount namespace alone.
  const folders = [join(locked, "networks"), join(directory, "networks"), directory];
  const words = [process.execPath, program, directory, ...folders];
  const ran = Bun.spawn(
    [
      "unshare",
      "--mount",
      "sh",
      "-ec",
      `mount -t tmpfs -o ro none ${locked}; exec "$@"`,
      "-",
    ].concat(words),
    { stderr: "inherit" },
  );
  expect(await new Response(ran.stdout).text()).toBe("away\nanswered\nanswered\n");
  expect(await ran.exited).toBe(0);
  rmSync(directory, { recursive: true });
});
