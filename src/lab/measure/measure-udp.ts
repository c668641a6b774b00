import { ipFromBytes } from "../../addr/index.ts";
import { err, ok, type Problem, type Result } from "../../base/index.ts";
import { nodeHasNo } from "../lab-problems.ts";
import type { Lab } from "../world/lab.ts";
import type { Measurement, ResolvedFlow } from "./measurement.ts";
import { openProbe, openSender, poll, probeProblem, socketAddress } from "./probe-socket.ts";

/** Enough to be recognised by. */
const TOKEN_BYTES = 16;
/** Datagrams are not repeated by the kernel, so they are by us, in milliseconds. */
const RESEND_EVERY = 200;

/** Datagrams to a socket of the target until one arrives there. One way: nothing is answered. */
export async function measureUdp(
  lab: Lab,
  flow: ResolvedFlow,
  { port, size }: { readonly port: number; readonly size?: number },
): Promise<Result<Measurement, Problem>> {
  const { to, version, target } = flow;
  if (to === undefined) {
    return err(
      nodeHasNo({ node: target, what: "node of the lab that could listen", on: undefined }),
    );
  }
  const opened = openProbe(lab, to, { kind: "udp", version });
  if (!opened.ok) return opened;
  using server = opened.value;
  const bound = server.bind({ address: new Uint8Array(version === 4 ? 4 : 16), port });
  if (!bound.ok) return err(probeProblem(to, bound.error));
  const sender = openSender(lab, flow, { kind: "udp", version });
  if (!sender.ok) return sender;
  using client = sender.value;
  const token = lab.platform.random.bytes(TOKEN_BYTES).toHex();
  const payload = new TextEncoder().encode(token.padEnd(size ?? 0, "."));
  const { clock } = lab.platform;
  const deadline = clock.boottime() + flow.patience;
  let sent = 0;
  while (clock.boottime() < deadline && !lab.signal.aborted) {
    client.send(payload, socketAddress(target, port));
    sent += 1;
    const until = Math.min(deadline, clock.boottime() + RESEND_EVERY);
    const from = await poll(lab, until, () => {
      const got = server.receiveFrom();
      if (!got.ok || !new TextDecoder().decode(got.value.bytes).startsWith(token)) return undefined;
      return ipFromBytes(got.value.from.address);
    });
    const evidence = [`${sent} datagrams to port ${port}`];
    if (from !== undefined) return ok({ reachability: "reachable", seenAs: from, evidence });
  }
  return ok({ reachability: "unreachable", evidence: [`${sent} datagrams to port ${port}`] });
}
