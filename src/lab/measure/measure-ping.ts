import { type Ip, ipFromBytes } from "../../addr/index.ts";
import { ok, type Problem, type Result } from "../../base/index.ts";
import type { Socket } from "../../platform/index.ts";
import { decodeEcho, encodeEcho } from "../../wire/index.ts";
import type { Lab } from "../world/lab.ts";
import type { Measurement, ResolvedFlow } from "./measurement.ts";
import { openProbe, openSender, poll, socketAddress } from "./probe-socket.ts";

/** As ping(8) sends when nothing else is asked for. */
const DEFAULT_SIZE = 56;
/** A lost echo is sent again after so many milliseconds: quickly at first, then once a second. */
const RESEND_AFTER = [100, 300, 1000] as const;
/** Bounds the loops; a flow ends long before. */
const SEQUENCE_MAX = 100;

/** Echo requests (RFC 792, RFC 4443 section 4) until one is answered. */
export async function measurePing(
  lab: Lab,
  flow: ResolvedFlow,
  probe: { readonly size?: number },
): Promise<Result<Measurement, Problem>> {
  const spec = { kind: "icmp", version: flow.version } as const;
  const sender = openSender(lab, flow, spec);
  if (!sender.ok) return sender;
  using socket = sender.value;
  const listener = flow.to === undefined ? ok(undefined) : openProbe(lab, flow.to, spec);
  if (!listener.ok) return listener;
  using ear = listener.value;
  const exchange = new EchoExchange(lab, flow, { socket, size: probe.size ?? DEFAULT_SIZE });
  const answered = await exchange.run();
  const seenAs = ear === undefined ? undefined : exchange.requestSeenBy(ear);
  return ok({
    reachability: answered ? "reachable" : "unreachable",
    ...(seenAs === undefined ? {} : { seenAs }),
    evidence: exchange.evidence(seenAs),
  });
}

class EchoExchange {
  readonly #lab: Lab;
  readonly #flow: ResolvedFlow;
  readonly #socket: Socket;
  readonly #data: Uint8Array;
  readonly #identifier: number;
  readonly #refusals = new Set<string>();
  #sent = 0;

  constructor(lab: Lab, flow: ResolvedFlow, { socket, size }: { socket: Socket; size: number }) {
    this.#lab = lab;
    this.#flow = flow;
    this.#socket = socket;
    this.#data = new Uint8Array(size);
    const [high = 0, low = 0] = lab.platform.random.bytes(2);
    this.#identifier = high * 256 + low;
  }

  async run(): Promise<boolean> {
    const { clock } = this.#lab.platform;
    const deadline = clock.boottime() + this.#flow.patience;
    while (clock.boottime() < deadline && this.#sent < SEQUENCE_MAX && !this.#lab.signal.aborted) {
      const pause = RESEND_AFTER[Math.min(this.#sent, RESEND_AFTER.length - 1)] ?? 1000;
      this.#send();
      const until = Math.min(deadline, clock.boottime() + pause);
      const answered = await poll(this.#lab, until, () => this.#findReply());
      if (answered) return true;
    }
    return false;
  }

  /** Whose address the target sees: looks for our request among what its ICMP socket received. */
  requestSeenBy(ear: Socket): Ip | undefined {
    for (let read = 0; read < SEQUENCE_MAX * 2; read++) {
      const got = ear.receiveFrom();
      if (!got.ok) return undefined;
      const echo = decodeEcho(this.#flow.version, got.value.bytes);
      const ours = echo?.kind === "icmp-echo-request" && echo.identifier === this.#identifier;
      if (ours) return ipFromBytes(got.value.from.address);
    }
    return undefined;
  }

  /** `seenAs` is the sender as the target saw it, where it saw anything. */
  evidence(seenAs: Ip | undefined): string[] {
    const target = this.#flow.to?.name ?? this.#flow.target;
    return [
      `${this.#sent} echo requests to ${this.#flow.target}`,
      ...(seenAs === undefined ? [] : [`${target} received them from ${seenAs}`]),
      ...[...this.#refusals].map((errno) => `the kernel refused to send: ${errno}`),
    ];
  }

  #send(): void {
    this.#sent += 1;
    const bytes = encodeEcho({
      version: this.#flow.version,
      kind: "icmp-echo-request",
      identifier: this.#identifier,
      sequence: this.#sent,
      data: this.#data,
    });
    const sent = this.#socket.send(bytes, socketAddress(this.#flow.target));
    if (!sent.ok) this.#refusals.add(sent.error.errno);
  }

  #findReply(): true | undefined {
    for (;;) {
      const got = this.#socket.receive();
      if (!got.ok) return undefined;
      const echo = decodeEcho(this.#flow.version, got.value);
      if (echo?.kind === "icmp-echo-reply" && echo.identifier === this.#identifier) return true;
    }
  }
}
