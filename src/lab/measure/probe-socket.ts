import { type Ip, ipToBytes } from "../../addr/index.ts";
import { err, millis, ok, type Problem, type Result } from "../../base/index.ts";
import { kernelRefused } from "../../domain/index.ts";
import type {
  Socket,
  SocketAddress,
  SocketSpec,
  SysError,
  SysResult,
} from "../../platform/index.ts";
import type { Lab, RunningNode } from "../world/lab.ts";
import type { ResolvedFlow } from "./measurement.ts";

/** Pause between looks at a socket. */
const POLL = millis(2);

/** A socket on a node; a refusal here is the lab's trouble, not a finding about a flow. */
export function openProbe(lab: Lab, node: RunningNode, spec: SocketSpec): Result<Socket, Problem> {
  const socket = lab.platform.sockets.open(node.netns, spec);
  return socket.ok ? socket : err(probeProblem(node, socket.error));
}

/** A socket on the sender, bound to the address and the link that the flow names. */
export function openSender(
  lab: Lab,
  flow: ResolvedFlow,
  spec: SocketSpec,
): Result<Socket, Problem> {
  const socket = openProbe(lab, flow.from, spec);
  if (!socket.ok) return socket;
  const bound = bindSender(socket.value, flow);
  if (bound.ok) return socket;
  socket.value.close();
  return err(probeProblem(flow.from, bound.error));
}

function bindSender(socket: Socket, { bindTo, source }: ResolvedFlow): SysResult<void> {
  const device = bindTo === undefined ? ok() : socket.bindToDevice(bindTo);
  if (!device.ok) return device;
  return source === undefined ? ok() : socket.bind(socketAddress(source));
}

export function probeProblem(node: RunningNode, { errno, call }: SysError): Problem {
  const action = `probe from ${node.name}`;
  return kernelRefused({ action, errno, message: call, attribute: undefined, command: undefined });
}

export function socketAddress(ip: Ip, port = 0): SocketAddress {
  return { address: ipToBytes(ip), port };
}

/** Looks again and again until there is an answer, patience ends or the person has had enough. */
export async function poll<T>(
  lab: Lab,
  deadline: number,
  look: () => T | undefined,
): Promise<T | undefined> {
  const { clock } = lab.platform;
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    if (lab.signal.aborted || clock.boottime() >= deadline) return undefined;
    await clock.sleep(POLL, lab.signal);
  }
}
