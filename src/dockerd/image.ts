import { copyFileSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { runToEnd } from "./run-to-end.ts";

/** The name of the only image. */
export const IMAGE = "busybox";

/** Does nothing, and unlike sleep(1) as process 1 it ends when the engine asks it to. */
export const IDLE = `CMD ["sh", "-c", "trap exit TERM; sleep 1000000 & wait"]`;

/**
 * Writes `busybox.tar` to the directory, which an engine makes an image of: a static busybox
 * with a link for each program in it. No registry is asked. Returns what went wrong.
 */
export async function writeBusyboxTar(
  busybox: string,
  directory: string,
): Promise<string | undefined> {
  const bin = join(directory, IMAGE, "bin");
  mkdirSync(bin, { recursive: true });
  copyFileSync(busybox, join(bin, "busybox"));
  const { status, stdout, stderr } = await runToEnd([busybox, "--list"]);
  if (status !== 0) return stderr;
  for (const applet of stdout.trim().split("\n")) {
    if (applet !== "busybox") symlinkSync("busybox", join(bin, applet));
  }
  const tar = ["-C", join(directory, IMAGE), "-cf", join(directory, "busybox.tar"), "bin"];
  const packed = await runToEnd([busybox, "tar", ...tar]);
  return packed.status === 0 ? undefined : packed.stderr;
}
