import type { InstallReport, InstallStep } from "../../install/index.ts";
import type { Paint } from "./look.ts";
import { table } from "./table.ts";

/** What was done or found, in order. */
export function installTable({ effect, steps }: InstallReport, paint: Paint): string {
  const titles = ["STEP", "WHAT"].map((text) => ({ text, style: "strong" }) as const);
  const rows = steps.map(({ step, what }) => [wordsOf(step, effect), what]);
  return table([titles, ...rows], paint);
}

type Words = Readonly<Record<InstallStep["step"], readonly [done: string, wouldBe: string]>>;

const words: Words = {
  created: ["created", "would create"],
  replaced: ["replaced", "would replace"],
  removed: ["removed", "would remove"],
  unchanged: ["unchanged", "unchanged"],
  kept: ["kept, changed by hand", "would keep, changed by hand"],
  absent: ["not there", "not there"],
  ran: ["ran", "would run"],
  answers: ["answers", "would ask"],
};

function wordsOf(step: InstallStep["step"], effect: InstallReport["effect"]): string {
  const [done, wouldBe] = words[step];
  return effect === "done" ? done : wouldBe;
}

/** The unit files that are, or would be, others than before. */
export function changedUnits({ steps }: InstallReport): readonly string[] {
  const changes: readonly string[] = ["created", "replaced", "removed"];
  return steps.flatMap(({ step, what }) => (changes.includes(step) ? [what] : []));
}

/** Only once Docker has somebody to ask. */
export function afterInstall({ steps, event, effect }: InstallReport): string | undefined {
  if (effect === "dry-run") return `landfall docker ${event.replace(/ed$/, "")}`;
  if (!steps.some(({ step }) => step === "answers")) return undefined;
  const driver = "-d landfall --ipam-driver landfall -o parent=LINK";
  return `docker network create ${driver} --subnet PREFIX NAME`;
}
