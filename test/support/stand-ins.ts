import { commandLine, hasVariable, listPids } from "./program.ts";

/** The processes that stand in for the daemon of a state directory, by what /proc says. */
export function standInsOf(stateDirectory: string): readonly number[] {
  return listPids()
    .filter((pid) => commandLine(pid).startsWith("landfall cni-stand-in"))
    .filter((pid) => hasVariable(pid, `LANDFALL_STATE_DIR=${stateDirectory}`))
    .map(Number);
}

/** Asks all of them to end, and waits until they have. */
export async function endStandIns(stateDirectory: string): Promise<void> {
  for (const pid of standInsOf(stateDirectory)) process.kill(pid, "SIGTERM");
  await standInsEnded(stateDirectory);
}

/** Waits until none is left, which takes a second where the directory is gone. */
export async function standInsEnded(stateDirectory: string, patienceMs = 5000): Promise<void> {
  for (const deadline = Date.now() + patienceMs; standInsOf(stateDirectory).length > 0; ) {
    if (Date.now() > deadline) throw new Error(`a stand-in of ${stateDirectory} lives on`);
    await Bun.sleep(20);
  }
}
