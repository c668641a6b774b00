import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const scenarioDirectory = join(import.meta.dirname, "../../scenarios");

/** Where a scenario can run: on any kernel, on one with ipvlan and 802.1Q, or with an engine. */
export type ScenarioPlace = "kernel" | "uml" | "engine";

/** The scenario files of the repository that are run at this place, in order. */
export function scenarioFiles(place: ScenarioPlace): readonly string[] {
  return readdirSync(scenarioDirectory)
    .filter((name) => name.endsWith(".yaml"))
    .map((name) => join(scenarioDirectory, name))
    .filter((path) => placeOf(readFileSync(path, "utf8")) === place)
    .toSorted();
}

function placeOf(text: string): ScenarioPlace {
  if (text.includes("\ndoor: docker\n")) return "engine";
  const [, needs = ""] = /^needs: \[(.*)\]$/m.exec(text) ?? [];
  return /\b(ipvlan|ipvtap|vlan)\b/.test(needs) ? "uml" : "kernel";
}
