import { err, ok, type Problem, type Result, unreachable } from "../base/index.ts";
import type { Content, PluginFiles } from "./plugin-files.ts";
import type { Errno } from "./ports.ts";
import { pluginFileRefused } from "./problems.ts";

/** One change of the file system, and what it finds there. */
export type FileChange =
  | { readonly kind: "make-directory"; readonly path: string }
  /** What is at `path` gets a second name, so that it can be replaced. */
  | { readonly kind: "save"; readonly path: string; readonly saved: string }
  /** `former`: absent where nothing was there, or something that was saved. */
  | {
      readonly kind: "put";
      readonly path: string;
      readonly content: Content;
      readonly former: Content | "nothing" | { readonly saved: string };
    }
  | {
      readonly kind: "restore";
      readonly path: string;
      readonly saved: string;
      readonly former: Content | "nothing";
    }
  | { readonly kind: "remove"; readonly path: string; readonly former: Content };

/**
 * Does one after the other. When one fails everything is put back as it was; what could not be put
 * back is a cause of the Problem. Errors: LF-CNI-FILE.
 */
export function changeFiles(
  changes: readonly FileChange[],
  files: PluginFiles,
): Result<void, Problem> {
  for (const [index, change] of changes.entries()) {
    const done = carry(change, files);
    if (done.ok) continue;
    const problem = refusal(change, done.error);
    // The last one too: what failed may have happened, but for what somebody else did before.
    const begun = changes.slice(0, done.error === "EEXIST" ? index : index + 1).reverse();
    const causes = begun.flatMap((each) => {
      const undone = undo(each, files);
      return undone.ok ? [] : [refusal(each, undone.error)];
    });
    return err(causes.length === 0 ? problem : { ...problem, causes });
  }
  return ok();
}

const actions = {
  "make-directory": "make",
  save: "keep a copy of",
  put: "write",
  restore: "put back",
  remove: "remove",
} as const;

function refusal({ kind, path }: FileChange, errno: Errno): Problem {
  return pluginFileRefused({ action: actions[kind], path, errno });
}

function carry(change: FileChange, files: PluginFiles): Result<void, Errno> {
  switch (change.kind) {
    case "make-directory":
      return files.makeDirectory(change.path);
    case "save":
      return files.name(change.path, change.saved);
    case "put":
      return files.put(change.path, change.content);
    case "restore":
      return files.move(change.saved, change.path);
    case "remove":
      return files.remove(change.path);
    default:
      return unreachable(change);
  }
}

/** Right also where `change` did not happen. */
function undo(change: FileChange, files: PluginFiles): Result<void, Errno> {
  switch (change.kind) {
    case "make-directory":
      return files.removeDirectory(change.path);
    case "save":
      return files.remove(change.saved);
    case "put":
      if (change.former === "nothing") return files.remove(change.path);
      if ("bytes" in change.former) return files.put(change.path, change.former);
      // Where nothing was put these are two names of one file, and stay it (rename(2)).
      return files.move(change.former.saved, change.path);
    case "restore": {
      const saved = files.look(change.saved);
      if (!saved.ok || saved.value.kind !== "nothing") return saved.ok ? ok() : saved;
      const again = files.name(change.path, change.saved);
      if (!again.ok) return again;
      return change.former === "nothing"
        ? files.remove(change.path)
        : files.put(change.path, change.former);
    }
    case "remove":
      return files.put(change.path, change.former);
    default:
      return unreachable(change);
  }
}
