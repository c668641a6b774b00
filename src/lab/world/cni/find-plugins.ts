import { existsSync } from "node:fs";
import { err, ok, type Result } from "../../../base/index.ts";

/** Where people and Debian's packages put plugins. */
const DIRECTORIES = ["/opt/cni/bin", "/usr/lib/cni"] as const;

/** The folders to look for plugins in; `given` replaces the usual ones. The error is a reason. */
export function findPlugins(given: string | undefined): Result<readonly string[], string> {
  const wanted = given === undefined ? DIRECTORIES : [given];
  if (wanted.some((path) => existsSync(path))) return ok(wanted);
  const remedy = "Debian: apt install containernetworking-plugins; or name a folder: --cni-plugins";
  return err(`there are no CNI plugins in ${wanted.join(" or ")}. ${remedy}`);
}
