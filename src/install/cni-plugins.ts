import { join } from "node:path";
import example from "../../packaging/cni/landfall.conflist" with { type: "text" };
import { collect, err, mapResult, ok, type Problem, type Result } from "../base/index.ts";
import { changeFiles, type FileChange } from "./change-files.ts";
import type { InstallReport, InstallStep } from "./docker-units.ts";
import { type Content, missingDirectories, type PluginFiles, placeOf } from "./plugin-files.ts";
import {
  pluginFileRefused,
  pluginPathLong,
  pluginPlaceTaken,
  pluginSavedAlready,
} from "./problems.ts";
import { isShim, type ShimSettings, shimFor } from "./shim.ts";

/** What somebody wants installed or uninstalled. */
export interface CniInstallRequest {
  readonly effect: InstallReport["effect"];
  readonly binDirectory: string;
  readonly confDirectory: string;
  /** Only for install, file names; uninstall takes away all that are ours. */
  readonly plugins: readonly string[];
  readonly directories: Omit<ShimSettings, "program">;
}

/** What the installation touches outside the process. */
export interface CniInstallPorts {
  /** The path that starts this program. */
  readonly program: string;
  readonly files: PluginFiles;
  /** Every name that a plugin of ours may have. */
  readonly known: readonly string[];
}

/** Behind the name of what a plugin replaced. */
const SAVED = ".before-landfall";
/** No name that a runtime reads: it would use the first that it finds. */
const EXAMPLE = "landfall.conflist.example";
const PLUGIN_MODE = 0o755;

/** A part of the work: what is told of it, and what is to be changed. */
interface Part {
  readonly steps: readonly InstallStep[];
  readonly changes: readonly FileChange[];
}

type Planned = Result<Part, Problem>;

/**
 * Puts plugins into a runtime's directory and an example beside its configurations. A plugin that
 * is not ours is kept under a second name, and no moment is without one.
 * Errors: LF-CNI-FILE, LF-CNI-SAVED-ALREADY, LF-CNI-PLACE-TAKEN, LF-CNI-PATH-LONG; after each of
 * them everything is as it was before.
 */
export function installCni(
  request: CniInstallRequest,
  ports: CniInstallPorts,
): Result<InstallReport, Problem> {
  const { binDirectory, confDirectory, plugins, directories } = request;
  const shim = shimFor({ program: ports.program, ...directories });
  if (!shim.ok) return err(pluginPathLong({ path: shim.error }));
  const content = { bytes: shim.value, mode: PLUGIN_MODE };
  return finish("installed", request.effect, ports, [
    makeDirectories([binDirectory, confDirectory]),
    ...plugins.map((name) => putPlugin(join(binDirectory, name), content, ports)),
    putExample(join(confDirectory, EXAMPLE), ports),
  ]);
}

/**
 * Takes away what `installCni` put there and nobody replaced since, and puts back what was there
 * before. Errors: LF-CNI-FILE; after it everything is as it was before.
 */
export function uninstallCni(
  { effect, binDirectory, confDirectory }: CniInstallRequest,
  ports: CniInstallPorts,
): Result<InstallReport, Problem> {
  return finish("uninstalled", effect, ports, [
    ...ports.known.map((name) => takePlugin(join(binDirectory, name), ports)),
    takeExample(join(confDirectory, EXAMPLE), ports),
  ]);
}

function finish(
  event: InstallReport["event"],
  effect: InstallReport["effect"],
  { files }: CniInstallPorts,
  parts: readonly Planned[],
): Result<InstallReport, Problem> {
  const planned = collect(parts);
  if (!planned.ok) return planned;
  const steps = planned.value.flatMap((part) => part.steps);
  const changes = planned.value.flatMap((part) => part.changes);
  const done = effect === "done" ? changeFiles(changes, files) : ok();
  return mapResult(done, () => ({ subject: "cni", event, effect, steps }));
}

function makeDirectories(paths: readonly string[]): Planned {
  const missing = [...new Set(paths.flatMap(missingDirectories))];
  return ok({
    steps: missing.map((path) => ({ step: "created", what: path })),
    changes: missing.map((path) => ({ kind: "make-directory", path })),
  });
}

function putPlugin(path: string, content: Content, ports: CniInstallPorts): Planned {
  const { files, program } = ports;
  if (placeOf(path) === placeOf(program)) {
    return err(pluginPlaceTaken({ path, what: "Landfall's own program, which plugins start" }));
  }
  const found = look(path, files);
  if (!found.ok) return found;
  const put = { kind: "put", path, content } as const;
  if (found.value === "nothing") {
    return ok({
      steps: [{ step: "created", what: path }],
      changes: [{ ...put, former: "nothing" }],
    });
  }
  if (found.value !== "another's") {
    const former = { bytes: found.value, mode: PLUGIN_MODE };
    return Buffer.from(former.bytes).equals(content.bytes)
      ? ok({ steps: [{ step: "unchanged", what: path }], changes: [] })
      : ok({ steps: [{ step: "replaced", what: path }], changes: [{ ...put, former }] });
  }
  const saved = `${path}${SAVED}`;
  const before = look(saved, files);
  if (!before.ok) return before;
  if (before.value !== "nothing") return err(pluginSavedAlready({ path, saved }));
  return ok({
    steps: [
      { step: "saved", what: saved },
      { step: "replaced", what: path },
    ],
    changes: [
      { kind: "save", path, saved },
      { ...put, former: { saved } },
    ],
  });
}

function takePlugin(path: string, { files }: CniInstallPorts): Planned {
  const found = look(path, files);
  if (!found.ok) return found;
  const saved = `${path}${SAVED}`;
  const before = look(saved, files);
  if (!before.ok) return before;
  if (found.value === "another's") return nothing(path, "kept");
  const former =
    found.value === "nothing" ? found.value : { bytes: found.value, mode: PLUGIN_MODE };
  if (before.value !== "nothing") {
    const changes = [{ kind: "restore", path, saved, former } as const];
    return ok({ steps: [{ step: "restored", what: path }], changes });
  }
  if (former === "nothing") return nothing(path, "absent");
  const changes = [{ kind: "remove", path, former } as const];
  return ok({ steps: [{ step: "removed", what: path }], changes });
}

function nothing(what: string, step: InstallStep["step"]): Planned {
  // Of six names most are in no directory; nobody wants to read that.
  return ok({ steps: step === "absent" ? [] : [{ step, what }], changes: [] });
}

const exampleContent: Content = { bytes: new TextEncoder().encode(example), mode: 0o644 };

function putExample(path: string, { files }: CniInstallPorts): Planned {
  const found = files.look(path);
  if (!found.ok) return err(pluginFileRefused({ action: "read", path, errno: found.error }));
  if (found.value.kind === "nothing") {
    const put = { kind: "put", path, content: exampleContent, former: "nothing" } as const;
    return ok({ steps: [{ step: "created", what: path }], changes: [put] });
  }
  const step = isExample(found.value) ? "unchanged" : "kept";
  return ok({ steps: [{ step, what: path }], changes: [] });
}

function takeExample(path: string, { files }: CniInstallPorts): Planned {
  const found = files.look(path);
  if (!found.ok) return err(pluginFileRefused({ action: "read", path, errno: found.error }));
  if (found.value.kind === "nothing") return nothing(path, "absent");
  if (!isExample(found.value)) return nothing(path, "kept");
  const change = { kind: "remove", path, former: exampleContent } as const;
  return ok({ steps: [{ step: "removed", what: path }], changes: [change] });
}

function isExample(found: { readonly kind: string; readonly bytes?: Uint8Array }): boolean {
  return found.bytes !== undefined && Buffer.from(found.bytes).equals(exampleContent.bytes);
}

/** The bytes of one of ours; "another's": a file that can be kept under another name. */
function look(
  path: string,
  files: PluginFiles,
): Result<Uint8Array | "nothing" | "another's", Problem> {
  const found = files.look(path);
  if (!found.ok) return err(pluginFileRefused({ action: "read", path, errno: found.error }));
  switch (found.value.kind) {
    case "nothing":
      return ok("nothing");
    case "other":
      return err(pluginPlaceTaken({ path, what: "no file" }));
    case "link":
      return ok("another's");
    default: {
      const { bytes } = found.value;
      return ok(bytes !== undefined && isShim(bytes) ? bytes : "another's");
    }
  }
}
