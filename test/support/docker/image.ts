import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";

/**
 * Writes `busybox.tar` to the directory, what `docker import` makes an image of: the machine's
 * static busybox with a link for each program in it. No registry is asked.
 */
export function writeBusyboxTar(directory: string): void {
  const bin = join(directory, "busybox", "bin");
  mkdirSync(bin, { recursive: true });
  copyFileSync(must("which", "busybox").trim(), join(bin, "busybox"));
  for (const applet of must("busybox", "--list").trim().split("\n")) {
    if (applet !== "busybox") symlinkSync("busybox", join(bin, applet));
  }
  must("tar", "-C", join(directory, "busybox"), "-cf", join(directory, "busybox.tar"), "bin");
}

/** Does nothing, and unlike sleep(1) as process 1 it ends when the engine asks it to. */
export const IDLE = `CMD ["sh", "-c", "trap exit TERM; sleep 1000000 & wait"]`;

function must(program: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: "utf8" });
  if (status === 0) return stdout;
  throw new Error(`${program} (Debian: busybox-static, tar): ${error?.message ?? stderr}`);
}
