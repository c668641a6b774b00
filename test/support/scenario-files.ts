import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const scenarioDirectory = join(import.meta.dirname, "../../scenarios");

/** Where a scenario can run: any kernel or one with ipvlan and 802.1Q, with an engine or none. */
export type ScenarioPlace = "kernel" | "uml" | "engine" | "uml-engine";

/** The scenario files of the repository that are run at this place, in order. */
export function scenarioFiles(place: ScenarioPlace): readonly string[] {
  return readdirSync(scenarioDirectory)
    .filter((name) => name.endsWith(".yaml"))
    .map((name) => join(scenarioDirectory, name))
    .filter((path) => placeOf(readFileSync(path, "utf8")) === place)
    .toSorted();
}

function placeOf(text: string): ScenarioPlace {
  const [, needs = ""] = /^needs: \[(.*)\]$/m.exec(text) ?? [];
  const isUml = /\b(ipvlan|ipvtap|vlan)\b/.test(needs);
  if (text.includes("\ndoor: docker\n")) return isUml ? "uml-engine" : "engine";
  return isUml ? "uml" : "kernel";
}
