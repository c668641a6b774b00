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
  saved: ["kept what was there", "would keep what is there"],
  restored: ["put back", "would put back"],
  answers: ["answers", "would ask"],
};

function wordsOf(step: InstallStep["step"], effect: InstallReport["effect"]): string {
  const [done, wouldBe] = words[step];
  return effect === "done" ? done : wouldBe;
}

/** The files that are, or would be, others than before. */
export function changedFiles({ steps }: InstallReport): readonly string[] {
  const changes: readonly string[] = ["created", "replaced", "removed", "restored"];
  return steps.flatMap(({ step, what }) => (changes.includes(step) ? [what] : []));
}

/** What comes next; of Docker only once it has somebody to ask. */
export function afterInstall({ subject, steps, event, effect }: InstallReport): string | undefined {
  if (effect === "dry-run") return `landfall ${subject} ${event.replace(/ed$/, "")}`;
  if (subject === "cni") return event === "installed" ? "landfall daemon" : undefined;
  if (!steps.some(({ step }) => step === "answers")) return undefined;
  const driver = "-d landfall --ipam-driver landfall -o parent=LINK";
  return `docker network create ${driver} --subnet PREFIX NAME`;
}
