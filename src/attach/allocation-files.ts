import type { Ip } from "../addr/index.ts";
import { err, ok, type Problem, type Result, seconds } from "../base/index.ts";
import {
  type AllocationFiles,
  allocationTaken,
  describeStep,
  type FileHolder,
  formatAllocation,
  formatHolder,
  lastGivenFile,
  parseAllocation,
  parseLastGiven,
  type RemoveAllocations,
  type WriteAllocations,
} from "../domain/index.ts";
import type { FileLock, Platform } from "../platform/index.ts";
import { callProblem } from "./refusals.ts";
import type { StepHandler } from "./step.ts";

/**
 * The files of `host-local` (plugins/ipam/host-local/backend/disk): one for each address, named
 * after it, and `last_reserved_ip.N` for each range set, all under the flock of `lock`.
 */
export const writeAllocations: StepHandler<WriteAllocations> = {
  observe: ({ allocations, holder }, { platform }) => {
    const texts = pathsOf(allocations).map((path) => platform.files.readText(path));
    const ours = texts.filter((text) => text.ok && text.value === formatAllocation(holder)).length;
    if (ours === texts.length) return ok("done");
    return ok(ours === 0 ? "undone" : "partial");
  },
  do: async (step, { platform }, permit) => {
    const permitted = permit(describeStep(step));
    if (!permitted.ok) return permitted;
    const { directory } = step.allocations;
    const lock = await lockDirectory(platform, directory);
    if (!lock.ok) return lock;
    using _held = lock.value;
    return writeAll(platform, step);
  },
  undo: ({ allocations, holder }, { platform }) =>
    removeAllocationFiles(platform, allocations, holder),
};

export const removeAllocations: StepHandler<RemoveAllocations> = {
  observe: ({ allocations, holder }, { platform }) => {
    const texts = pathsOf(allocations).map((path) => platform.files.readText(path));
    return ok(
      texts.some((text) => text.ok && text.value === formatAllocation(holder)) ? "undone" : "done",
    );
  },
  do: ({ allocations, holder }, { platform }) =>
    removeAllocationFiles(platform, allocations, holder),
  // Their addresses are on no link any more, and the next step of the plan is none.
  undo: async () => ok(),
};

/** Removes the files that are still this holder's; what is not there, or another's, is left. */
export async function removeAllocationFiles(
  { files }: Platform,
  allocations: AllocationFiles,
  holder: FileHolder,
): Promise<Result<void, Problem>> {
  for (const path of pathsOf(allocations)) {
    const removed = removeHeldFile(files, path, holder);
    if (!removed.ok) return removed;
  }
  return ok();
}

/**
 * Removes a file if it is still this holder's. Nobody else changes a file that is there, so this
 * needs no lock.
 */
export function removeHeldFile(
  files: Platform["files"],
  path: string,
  holder: FileHolder,
): Result<void, Problem> {
  const text = files.readText(path);
  const isOurs = text.ok && isHeldBy(text.value, holder);
  if (!text.ok && !absent.has(text.error.errno)) {
    return err(callProblem(text.error, `look at ${path}`));
  }
  if (!isOurs) return ok();
  const removed = files.removeFile(path);
  if (removed.ok || removed.error.errno === "ENOENT") return ok();
  return err(callProblem(removed.error, `remove ${path}`));
}

const absent: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR"]);

function isHeldBy(text: string, { containerId, ifname }: FileHolder): boolean {
  const found = parseAllocation(text);
  return found?.containerId === containerId && found.ifname === ifname;
}

function pathsOf({ directory, files }: AllocationFiles): readonly string[] {
  return files.map(({ address }) => `${directory}/${address}`);
}

function writeAll(
  { files }: Platform,
  { allocations, holder }: WriteAllocations,
): Result<void, Problem> {
  const { directory } = allocations;
  for (const { address, set } of allocations.files) {
    const path = `${directory}/${address}`;
    const created = createOwn(files, path, holder);
    if (!created.ok) return created;
    if (created.value.kind === "taken") {
      const theirs = formatHolder(created.value.holder);
      return err(allocationTaken({ address, file: path, holder: theirs }));
    }
    const last = files.writeText(`${directory}/${lastGivenFile(set)}`, address);
    if (!last.ok) return err(callProblem(last.error, `write to ${directory}`));
  }
  return ok();
}

/** What was given last of a set, by whoever keeps the files of `directory`. */
export function readLastGiven({ files }: Platform, directory: string, set: number): Ip | undefined {
  const text = files.readText(`${directory}/${lastGivenFile(set)}`);
  return text.ok ? parseLastGiven(text.value) : undefined;
}

type Created = { readonly kind: "ours" } | { readonly kind: "taken"; readonly holder: FileHolder };

function createOwn(
  files: Platform["files"],
  path: string,
  holder: Required<FileHolder>,
): Result<Created, Problem> {
  const created = files.createText(path, formatAllocation(holder));
  if (created.ok) return ok({ kind: "ours" });
  if (created.error.errno !== "EEXIST") return err(callProblem(created.error, `write ${path}`));
  const present = files.readText(path);
  if (!present.ok) return err(callProblem(present.error, `look at ${path}`));
  if (isHeldBy(present.value, holder)) return ok({ kind: "ours" });
  const theirs = parseAllocation(present.value);
  if (theirs !== undefined) return ok({ kind: "taken", holder: theirs });
  // We have the lock, so whoever made it died before it wrote, and it would be nobody's for ever.
  const written = files.writeText(path, formatAllocation(holder));
  return written.ok ? ok({ kind: "ours" }) : err(callProblem(written.error, `write ${path}`));
}

/** The lock that `host-local` takes for each allocation. */
const PATIENCE = seconds(10);
const PAUSE = seconds(0.005);

async function lockDirectory(
  { files, clock }: Platform,
  directory: string,
): Promise<Result<FileLock, Problem>> {
  const path = `${directory}/lock`;
  const deadline = clock.boottime() + PATIENCE;
  for (;;) {
    const lock = files.tryLock(path);
    if (lock.ok) return lock;
    const { errno } = lock.error;
    if (errno === "ENOENT") {
      const made = files.makeDirectory(directory);
      if (!made.ok) return err(callProblem(made.error, "make a directory"));
      continue;
    }
    const isBusy = errno === "EAGAIN" || errno === "EWOULDBLOCK";
    if (!isBusy || clock.boottime() > deadline) return err(callProblem(lock.error, `lock ${path}`));
    await clock.sleep(PAUSE);
  }
}
