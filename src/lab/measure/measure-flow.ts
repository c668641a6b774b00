import { type Millis, ok, type Problem, type Result, unreachable } from "../../base/index.ts";
import type { Flow } from "../format/scenario.ts";
import type { Lab } from "../world/lab.ts";
import { addressOf, targetAddress } from "../world/whereabouts.ts";
import { measurePing } from "./measure-ping.ts";
import { measureTcp } from "./measure-tcp.ts";
import { measureUdp } from "./measure-udp.ts";
import type { Measurement, ResolvedFlow } from "./measurement.ts";

/** Sends real packets until one is answered, or patience ends. */
export async function measureFlow(
  lab: Lab,
  flow: Flow,
  patience: Millis,
): Promise<Result<Measurement, Problem>> {
  const target = await targetAddress(lab, flow.to, flow.version);
  if (!target.ok) return target;
  const named = flow.from.on !== undefined || flow.from.address !== undefined;
  const source = named ? await addressOf(lab, flow.from, flow.version) : ok(undefined);
  if (!source.ok) return source;
  const resolved: ResolvedFlow = {
    from: lab.node(flow.from.node.name),
    to: flow.to.kind === "node" ? lab.node(flow.to.node.name) : undefined,
    version: flow.version,
    target: target.value,
    source: source.value,
    bindTo: flow.fromInterface,
    patience,
  };
  switch (flow.probe.kind) {
    case "ping":
      return measurePing(lab, resolved, flow.probe);
    case "tcp":
      return measureTcp(lab, resolved, flow.probe);
    case "udp":
      return measureUdp(lab, resolved, flow.probe);
    default:
      return unreachable(flow.probe);
  }
}
