import { ok, type Problem, type Result } from "../../base/index.ts";
import { decodeFrame, describeFrame, type FrameFilter, matchesFilter } from "../../wire/index.ts";
import type { CapturePoint } from "../format/scenario.ts";
import type { Lab, RunningNode } from "../world/lab.ts";
import { findLink } from "../world/requests.ts";
import { openProbe } from "./probe-socket.ts";

/** Frames kept as evidence; more would hide the first ones. */
const EVIDENCE_MAX = 10;

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
  const socket = openProbe(lab, node, { kind: "packet", ifindex: link.value.ifindex });
  if (!socket.ok) return socket;
  const evidence: string[] = [];
  let matched = 0;
  let seen = 0;
  const watcher = socket.value.watch({
    onData: (bytes) => {
      seen += 1;
      const frame = decodeFrame(bytes);
      if (!frame.ok || !matchesFilter(filter, frame.value)) return;
      matched += 1;
      if (evidence.length < EVIDENCE_MAX) evidence.push(describeFrame(frame.value));
    },
    // The link went away while it was watched: what was counted until then stands.
    onClose: () => {},
  });
  return ok({
    get matched() {
      return matched;
    },
    get seen() {
      return seen;
    },
    evidence,
    [Symbol.dispose]: () => watcher.close(),
  });
}

function nodeOf(lab: Lab, at: CapturePoint): RunningNode {
  return lab.node(at.kind === "port" ? at.switch : at.node.name);
}
