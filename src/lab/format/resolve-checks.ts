import { unreachable } from "../../base/index.ts";
import { formatAction } from "./actions.ts";
import { didYouMean } from "./did-you-mean.ts";
import { type FlowText, formatRef, type NeighbourText } from "./references.ts";
import {
  reportUnknown,
  reportUnknownContainer,
  reportUnknownNames,
  reportUnknownNetwork,
} from "./resolve-actions.ts";
import {
  type ProbeDraft,
  resolveFlows,
  resolveNodeRef,
  resolvePoint,
  resolveTarget,
  resolveVersion,
  type Scope,
} from "./resolve-references.ts";
import type {
  ActionCheck,
  CaptureCheck,
  Check,
  ExpectedFlow,
  FlowCheck,
  LeasesCheck,
  MatrixCheck,
  NeighbourCheck,
  NeighbourState,
  StatusCheck,
} from "./scenario.ts";
import type { CheckDraft } from "./scenario-schema.ts";

type Draft<Key extends string> = Extract<CheckDraft, { readonly [K in Key]: unknown }>;
/** A check before its line is known. */
type Unplaced<C> = C & { readonly text: string };

/** What an entry of the file means: two checks for a flow in both directions, none if mistaken. */
export function resolveCheck(scope: Scope, draft: CheckDraft, line: number): readonly Check[] {
  const checks = resolveUnplaced(scope, draft);
  return checks.map((check) => ({ ...check, line }));
}

type UnplacedCheck = Unplaced<
  FlowCheck | CaptureCheck | NeighbourCheck | MatrixCheck | StatusCheck | LeasesCheck | ActionCheck
>;

function resolveUnplaced(scope: Scope, draft: CheckDraft): readonly UnplacedCheck[] {
  if ("flow" in draft) return resolveFlowCheck(scope, draft);
  if ("capture" in draft) return resolveCapture(scope, draft);
  if ("neighbour" in draft) return resolveNeighbour(scope, draft);
  if ("matrix" in draft) return resolveMatrix(scope, draft);
  if ("status" in draft) return resolveStatus(scope, draft);
  if ("leases" in draft) return resolveLeases(scope, draft);
  return resolveActions(scope, draft);
}

function resolveFlowCheck(scope: Scope, draft: Draft<"flow">): readonly Unplaced<FlowCheck>[] {
  const { expect, because } = draft;
  if (draft.seenAs !== undefined && draft.flow.arrow === "<->") {
    scope.report(["seenAs"], "seenAs needs one direction; write two flows");
  }
  if (draft.seenAs !== undefined && expect === "unreachable") {
    scope.report(["seenAs"], "nothing is seen of a flow that does not arrive");
  }
  const seenAs =
    draft.seenAs === undefined ? undefined : resolveTarget(scope, draft.seenAs, ["seenAs"]);
  return resolveFlows(scope, draft.flow, draft, ["flow"]).map((flow) => ({
    kind: "flow",
    text: flow.text + describeProbe(draft),
    flow,
    expect,
    ...(because === undefined ? {} : { because }),
    ...(seenAs === undefined ? {} : { seenAs }),
  }));
}

function describeProbe({ tcp, udp, version, size, fromInterface }: ProbeDraft): string {
  const words = [
    tcp === undefined ? "" : ` tcp ${tcp}`,
    udp === undefined ? "" : ` udp ${udp}`,
    size === undefined ? "" : ` size ${size}`,
    version === undefined ? "" : ` IPv${version}`,
    fromInterface === undefined ? "" : ` from ${fromInterface}`,
  ];
  return words.join("");
}

function resolveCapture(scope: Scope, draft: Draft<"capture">): readonly Unplaced<CaptureCheck>[] {
  const { filter, because } = draft;
  const at = resolvePoint(scope, draft.capture, ["capture"]);
  const during = resolveFlows(scope, draft.during, draft, ["during"]);
  const frames = frameCount(draft.expect);
  if (frames.max !== undefined && frames.max < frames.min) {
    scope.report(["expect"], `max ${frames.max} is less than min ${frames.min}`);
  }
  if (at === undefined || during.length === 0) return [];
  const flow = formatFlow(draft.during) + describeProbe(draft);
  const what = filter.text === "" ? "frames" : filter.text;
  return [
    {
      kind: "capture",
      text: `${what} on ${draft.capture.owner}/${draft.capture.link} during ${flow}`,
      at,
      filter: filter.filter,
      during,
      frames,
      ...(because === undefined ? {} : { because }),
    },
  ];
}

function frameCount(expect: Draft<"capture">["expect"]): CaptureCheck["frames"] {
  if (expect === "none") return { min: 0, max: 0 };
  if (expect === "some") return { min: 1 };
  return typeof expect === "number" ? { min: expect, max: expect } : expect;
}

function resolveNeighbour(
  scope: Scope,
  draft: Draft<"neighbour">,
): readonly Unplaced<NeighbourCheck>[] {
  const node = resolveNodeRef(scope, draft.neighbour, ["neighbour"]);
  const of = resolveTarget(scope, draft.of, ["of"]);
  const expect = resolveNeighbourState(scope, draft.expect);
  if (node === undefined || of === undefined || expect === undefined) return [];
  const version = resolveVersion(scope, [node, of], draft.version, ["of"]);
  if (version === undefined) return [];
  const text = `neighbour ${formatRef(draft.of)} of ${formatRef(draft.neighbour)}`;
  const because = draft.because === undefined ? {} : { because: draft.because };
  return [{ kind: "neighbour", text, node, of, version, expect, ...because }];
}

function resolveNeighbourState(scope: Scope, state: NeighbourText): NeighbourState | undefined {
  switch (state.kind) {
    case "none":
    case "failed":
      return { kind: state.kind };
    case "mac":
      return state;
    case "node": {
      const node = resolveNodeRef(scope, state.ref, ["expect"]);
      return node === undefined ? undefined : { kind: "node", node };
    }
    default:
      return unreachable(state);
  }
}

function resolveMatrix(scope: Scope, draft: Draft<"matrix">): readonly Unplaced<MatrixCheck>[] {
  const names = draft.matrix.map(formatRef);
  const repeated = names.filter((name, index) => names.indexOf(name) < index);
  for (const name of repeated) {
    scope.report(["matrix", names.lastIndexOf(name)], `"${name}" stands here twice`);
  }
  const nodes = draft.matrix.flatMap(
    (ref, index) => resolveNodeRef(scope, ref, ["matrix", index]) ?? [],
  );
  if (nodes.length < names.length) return [];
  const exceptions = listExceptions(scope, draft, names);
  const cells = draft.matrix.flatMap((from) =>
    draft.matrix.flatMap((to): readonly ExpectedFlow[] => {
      if (from === to) return [];
      const text = { from, to, arrow: "->" } as const;
      const exception = exceptions.get(formatFlow(text));
      const outcome = exception ?? ({ expect: "reachable" } as const);
      return resolveFlows(scope, text, draft, ["matrix"]).map((flow) => ({ flow, ...outcome }));
    }),
  );
  const text = `matrix of ${names.join(", ")}${describeProbe(draft)}`;
  return [{ kind: "matrix", text, nodes, cells }];
}

/** The cells that must not be reachable, by "FROM -> TO". */
function listExceptions(
  scope: Scope,
  { except, because: usual }: Draft<"matrix">,
  names: readonly string[],
): ReadonlyMap<string, Omit<ExpectedFlow, "flow">> {
  const exceptions = new Map<string, Omit<ExpectedFlow, "flow">>();
  for (const [index, { flow, because = usual }] of except.entries()) {
    const place = ["except", index, "flow"];
    const { from, to, arrow } = flow;
    const strangers = [from, to].map(formatRef).filter((name) => !names.includes(name));
    for (const name of strangers) {
      scope.report(place, `"${name}" is not in the matrix${didYouMean(name, names)}`);
    }
    if (formatRef(from) === formatRef(to)) {
      scope.report(place, "a matrix has no cell from a node to itself");
      continue;
    }
    const outcome = {
      expect: "unreachable",
      ...(because === undefined ? {} : { because }),
    } as const;
    const back: readonly FlowText[] = arrow === "<->" ? [{ from: to, to: from, arrow: "->" }] : [];
    for (const one of [{ from, to, arrow: "->" } as const, ...back]) {
      const text = formatFlow(one);
      if (exceptions.has(text)) scope.report(place, `"${text}" is excepted twice`);
      exceptions.set(text, outcome);
    }
  }
  return exceptions;
}

function formatFlow({ from, to, arrow }: FlowText): string {
  return `${formatRef(from)} ${arrow} ${formatRef(to)}`;
}

function resolveStatus(scope: Scope, draft: Draft<"status">): readonly Unplaced<StatusCheck>[] {
  const { status: host, expect: findings } = draft;
  reportUnknown(scope, { what: "host", name: host, place: ["status"] });
  for (const [index, { subject, name }] of findings.entries()) {
    const place = ["expect", index];
    if (subject === "network") reportUnknownNetwork(scope, { network: name, host }, place);
    else reportUnknownContainer(scope, { container: name }, place);
  }
  return [{ kind: "status", text: `status of ${host}`, host, findings }];
}

function resolveLeases(scope: Scope, draft: Draft<"leases">): readonly Unplaced<LeasesCheck>[] {
  const { leases: host, expect: leases } = draft;
  reportUnknown(scope, { what: "host", name: host, place: ["leases"] });
  for (const [index, lease] of leases.entries()) {
    if (lease.kind === "held") reportUnknownContainer(scope, lease, ["expect", index]);
  }
  return [{ kind: "leases", text: `leases of ${host}`, host, leases }];
}

function resolveActions(scope: Scope, draft: Draft<"do">): readonly Unplaced<ActionCheck>[] {
  const { do: actions, expect, code } = draft;
  if (code !== undefined && expect === "done") {
    scope.report(["code"], "a code goes with expect: refused or warned");
  }
  for (const [index, action] of actions.entries()) {
    reportUnknownNames(scope, action, ["do", index]);
  }
  const text = actions.map(formatAction).join(", ");
  return [{ kind: "do", text, actions, expect, ...(code === undefined ? {} : { code }) }];
}
