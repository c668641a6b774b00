import { type Ip, ipFromBytes } from "../../addr/index.ts";
import { ok, type Problem, type Result } from "../../base/index.ts";
import type { Socket } from "../../platform/index.ts";
import type { Lab } from "../world/lab.ts";
import type { Measurement, ResolvedFlow } from "./measurement.ts";
import { openProbe, openSender, poll, socketAddress } from "./probe-socket.ts";

const BACKLOG = 16;

/**
 * A TCP connection. When nobody listens at the target yet, the lab does, on every address: the flow
 * is about the way there, and what the scenario runs itself is left alone.
 */
export async function measureTcp(
  lab: Lab,
  flow: ResolvedFlow,
  { port }: { readonly port: number },
): Promise<Result<Measurement, Problem>> {
  const listener = flow.to === undefined ? ok(undefined) : listen(lab, flow, port);
  if (!listener.ok) return listener;
  using server = listener.value;
  const sender = openSender(lab, flow, { kind: "tcp", version: flow.version });
  if (!sender.ok) return sender;
  using client = sender.value;
  const outcome = await connect(lab, flow, { client, port });
  if (outcome !== "connected") {
    return ok({ reachability: "unreachable", evidence: [`connect to port ${port}: ${outcome}`] });
  }
  const seenAs = server === undefined ? undefined : await acceptedPeer(lab, flow, server);
  return ok({
    reachability: "reachable",
    ...(seenAs === undefined ? {} : { seenAs }),
    evidence: [`connected to port ${port}`],
  });
}

/** Undefined when the port is taken: then a program of the scenario answers. */
function listen(
  lab: Lab,
  { to, version }: ResolvedFlow,
  port: number,
): Result<Socket | undefined, Problem> {
  if (to === undefined) return ok(undefined);
  const opened = openProbe(lab, to, { kind: "tcp", version });
  if (!opened.ok) return opened;
  const socket = opened.value;
  const everywhere = { address: new Uint8Array(version === 4 ? 4 : 16), port };
  const bound = socket.bind(everywhere);
  if (bound.ok && socket.listen(BACKLOG).ok) return ok(socket);
  socket.close();
  return ok(undefined);
}

async function connect(
  lab: Lab,
  flow: ResolvedFlow,
  { client, port }: { readonly client: Socket; readonly port: number },
): Promise<string> {
  const started = client.connect(socketAddress(flow.target, port));
  if (!started.ok) return started.error.errno;
  const deadline = lab.platform.clock.boottime() + flow.patience;
  const outcome = await poll(lab, deadline, () => {
    const now = client.connectResult();
    if (!now.ok) return now.error.errno;
    return now.value === "pending" ? undefined : now.value;
  });
  return outcome ?? "no answer";
}

async function acceptedPeer(lab: Lab, flow: ResolvedFlow, server: Socket): Promise<Ip | undefined> {
  const deadline = lab.platform.clock.boottime() + flow.patience;
  return poll(lab, deadline, () => {
    const accepted = server.accept();
    if (!accepted.ok) return undefined;
    accepted.value.socket.close();
    return ipFromBytes(accepted.value.peer.address);
  });
}
