import { err, ok, type Result } from "../../base/index.ts";
import { type CniError, cniError } from "../spec/error.ts";

/**
 * The program of a plugin type: the first plain file of that name in the directories of CNI_PATH,
 * as the specification and libcni have it.
 */
export async function findPlugin(
  type: string,
  directories: readonly string[],
): Promise<Result<string, CniError>> {
  if (type === "." || type === ".." || type.includes("/")) {
    return err(cniError("invalidConfig", `"${type}" cannot be the type of a plugin`));
  }
  for (const directory of directories) {
    const program = `${directory}/${type}`;
    if (await Bun.file(program).exists()) return ok(program);
  }
  const where = directories.join(":");
  return err(cniError("invalidConfig", `failed to find plugin "${type}" in path [${where}]`));
}
