import { millis } from "../../base/index.ts";
import type { CaptureCheck, Check } from "../format/scenario.ts";
import { openCapture } from "../measure/capture.ts";
import { measureFlow } from "../measure/measure-flow.ts";
import type { CheckReport } from "../report.ts";
import type { Lab } from "../world/lab.ts";
import { waitForAddresses } from "../world/wait-until-ready.ts";
import { nodesOf, patienceFor } from "./check-flow.ts";
import { orReport, report } from "./check-report.ts";
import { forgetNeighbours } from "./forget-neighbours.ts";

/** The parent's broadcast queue and the event loop deliver a little after the answer was there. */
const SETTLE = millis(50);

const unanswered: ReadonlySet<unknown> = new Set(["incomplete", "failed"]);

/**
 * Counts frames at one point while flows are tried; what becomes of the flows does not matter here.
 */
export async function checkCapture(
  lab: Lab,
  check: CaptureCheck & Pick<Check, "text">,
): Promise<CheckReport> {
  const { at, filter, during, frames, because, text } = check;
  const expected = framesName(frames);
  const ends = during.flatMap((flow) => nodesOf(lab, flow));
  const ready = orReport(await waitForAddresses(lab, ends), text, expected);
  if (!ready.ok) return ready.error;
  // What a check before began to look for would be looked for no more, and say nothing here.
  for (const { from } of during) {
    const sought = forgetNeighbours(lab.node(from.node.name), (state) => unanswered.has(state));
    const forgotten = orReport(sought, text, expected);
    if (!forgotten.ok) return forgotten.error;
  }
  const opened = orReport(openCapture(lab, at, filter), text, expected);
  if (!opened.ok) return opened.error;
  using capture = opened.value;
  const outcomes: string[] = [];
  for (const flow of during) {
    const tried = await measureFlow(lab, flow, patienceFor("unreachable"));
    const measured = orReport(tried, text, expected);
    if (!measured.ok) return measured.error;
    outcomes.push(`${flow.text} was ${measured.value.reachability}`);
  }
  await lab.platform.clock.sleep(SETTLE, lab.signal);
  const { matched, seen, evidence } = capture;
  return report({
    check: text,
    expected,
    because,
    measured: framesCount(matched),
    ok: matched >= frames.min && matched <= (frames.max ?? matched),
    evidence: [...outcomes, `${seen} frames in all, ${matched} matched`, ...evidence],
  });
}

function framesName({ min, max }: CaptureCheck["frames"]): string {
  if (max === 0) return "no frames";
  if (max === undefined) return min === 1 ? "some frames" : `at least ${min} frames`;
  return min === max ? framesCount(min) : `${min} to ${max} frames`;
}

function framesCount(count: number): string {
  if (count === 0) return "no frames";
  return count === 1 ? "1 frame" : `${count} frames`;
}
