import { ok, type Problem, type Result } from "../../base/index.ts";
import { decodeFrame, describeFrame, type FrameFilter, matchesFilter } from "../../wire/index.ts";
import type { CapturePoint } from "../format/scenario.ts";
import type { Lab, RunningNode } from "../world/lab.ts";
import { findLink } from "../world/requests.ts";
import { openProbe } from "./probe-socket.ts";

/** Frames kept as evidence; more would hide the first ones. */
const EVIDENCE_MAX = 10;
/** Milliseconds; a veth fills the queue of 200 KiB in a few at full speed, which no check does. */
const DRAIN_EVERY = 5;
/** Frames read at once: under a flood the queue is never empty, and the rest has to go on. */
const DRAIN_MAX = 2000;

/** A running capture. */
export interface Capture extends Disposable {
  /** Frames that matched so far, in either direction. */
  readonly matched: number;
  /** Frames seen at all, so that "none matched" can be told from "nothing came". */
  readonly seen: number;
  /** The first frames that matched, one line each. */
  readonly evidence: readonly string[];
}

/** Begins to count the frames that match at one link. From its return on nothing is missed. */
export function openCapture(
  lab: Lab,
  at: CapturePoint,
  filter: FrameFilter,
): Result<Capture, Problem> {
  const node = nodeOf(lab, at);
  const link = findLink(node, at.kind === "port" ? at.port : at.link);
  if (!link.ok) return link;
  const opened = openProbe(lab, node, { kind: "packet", ifindex: link.value.ifindex });
  if (!opened.ok) return opened;
  const socket = opened.value;
  const evidence: string[] = [];
  let matched = 0;
  let seen = 0;
  const take = (bytes: Uint8Array): void => {
    seen += 1;
    const frame = decodeFrame(bytes);
    if (!frame.ok || !matchesFilter(filter, frame.value)) return;
    matched += 1;
    if (evidence.length < EVIDENCE_MAX) evidence.push(describeFrame(frame.value));
  };
  /** What the kernel has queued. A link that went away gives an error: that is the end. */
  const drain = (): void => {
    for (let read = 0; read < DRAIN_MAX; read++) {
      const got = socket.receive();
      if (!got.ok) return;
      take(got.value);
    }
  };
  // Read along, so that the queue does not overflow; and once more when somebody looks, because on
  // a busy machine the event loop may be behind by more than any pause.
  const timer = setInterval(drain, DRAIN_EVERY);
  return ok({
    get matched() {
      drain();
      return matched;
    },
    get seen() {
      drain();
      return seen;
    },
    evidence,
    [Symbol.dispose]: () => {
      clearInterval(timer);
      socket.close();
    },
  });
}

function nodeOf(lab: Lab, at: CapturePoint): RunningNode {
  return lab.node(at.kind === "port" ? at.switch : at.node.name);
}
