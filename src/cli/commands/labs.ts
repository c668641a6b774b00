import { mapResult, type Problem, type Result } from "../../base/index.ts";
import type { Command } from "../command.ts";
import type { Outcome } from "../outcome.ts";
import type { CommandContext } from "./context.ts";

type Handled = Promise<Result<Outcome, Problem>>;

export async function runDemo({ ports, onProgress }: CommandContext): Handled {
  const options = { signal: ports.signal, kernel: "auto", onProgress } as const;
  const done = await ports.lab.demo(options);
  return mapResult(done, (report) => ({ kind: "lab", event: "demo", report }));
}

export async function runLab(
  { kind: _, files, ...how }: Extract<Command, { readonly kind: "lab-run" }>,
  { ports, onProgress }: CommandContext,
): Handled {
  const done = await ports.lab.run(files, { signal: ports.signal, onProgress, ...how });
  return mapResult(done, (report) => ({ kind: "lab", event: "run", report }));
}
