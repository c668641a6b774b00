import { type Ip4, ipToBytes } from "../../addr/index.ts";
import { err, millis, ok, type Problem, type Result } from "../../base/index.ts";
import { kernelRefused } from "../../domain/index.ts";
import type { Socket, SysError } from "../../platform/index.ts";
import type { Lab, RunningNode } from "./lab.ts";

const DNS_PORT = 53;
/** Pause between looks at the socket. */
const POLL = millis(5);

/** What a name server knows. */
export type KnownNames = Readonly<Record<string, Ip4>>;

/** Answers DNS queries on a node (RFC 1035, over UDP) as long as the lab is up. */
export function serveNames(lab: Lab, node: RunningNode, names: KnownNames): Result<void, Problem> {
  if (Object.keys(names).length === 0) return ok();
  const socket = lab.platform.sockets.open(node.netns, { kind: "udp", version: 4 });
  if (!socket.ok) return err(refusal(node, socket.error));
  const bound = socket.value.bind({ address: new Uint8Array(4), port: DNS_PORT });
  if (!bound.ok) {
    socket.value.close();
    return err(refusal(node, bound.error));
  }
  void serve(lab, socket.value, names);
  return ok();
}

async function serve({ platform, ending }: Lab, socket: Socket, names: KnownNames): Promise<void> {
  while (!ending.aborted) {
    const got = socket.receiveFrom();
    if (!got.ok) {
      await platform.clock.sleep(POLL, ending);
      continue;
    }
    const answer = answerQuery(got.value.bytes, names);
    if (answer !== undefined) socket.send(answer, got.value.from);
  }
  socket.close();
}

function refusal({ name }: RunningNode, { errno, call }: SysError): Problem {
  const action = `serve names on ${name}`;
  return kernelRefused({ action, errno, message: call, attribute: undefined, command: undefined });
}

/** RFC 1035 section 4.1.1. */
const HEADER_BYTES = 12;
const RESPONSE_AUTHORITATIVE = 0x8400;
const RECURSION_DESIRED = 0x0100;
const NAME_ERROR = 3;
const TYPE_A = 1;
const CLASS_IN = 1;
/** Section 4.1.4: the name that stands where the question has it. */
const POINTER_TO_QUESTION = 0xc000 + HEADER_BYTES;
const TTL_SECONDS = 60;

/** The answer to a query with one question; undefined for what is none. */
export function answerQuery(query: Uint8Array, names: KnownNames): Uint8Array | undefined {
  const question = readQuestion(query);
  if (question === undefined) return undefined;
  const { name, type, end } = question;
  const address = Object.hasOwn(names, name) ? names[name] : undefined;
  const rows = address !== undefined && type === TYPE_A ? [address] : [];
  const view = new DataView(query.buffer, query.byteOffset, query.byteLength);
  const flags = RESPONSE_AUTHORITATIVE | (view.getUint16(2) & RECURSION_DESIRED);
  return Uint8Array.from([
    ...query.subarray(0, 2),
    ...uint16(flags | (address === undefined ? NAME_ERROR : 0)),
    ...[1, rows.length, 0, 0].flatMap(uint16),
    ...query.subarray(HEADER_BYTES, end),
    ...rows.flatMap((ip) => [
      ...[POINTER_TO_QUESTION, TYPE_A, CLASS_IN, 0, TTL_SECONDS, 4].flatMap(uint16),
      ...ipToBytes(ip),
    ]),
  ]);
}

interface Question {
  readonly name: string;
  readonly type: number;
  /** Where it ends in the query. */
  readonly end: number;
}

function readQuestion(query: Uint8Array): Question | undefined {
  const view = new DataView(query.buffer, query.byteOffset, query.byteLength);
  if (query.length < HEADER_BYTES || (view.getUint16(2) & 0xf800) !== 0) return undefined;
  if (view.getUint16(4) !== 1) return undefined;
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (;;) {
    const length = query[at];
    // Above 63 it would be a pointer, which a question has no use for.
    if (length === undefined || length > 63) return undefined;
    at += 1;
    if (length === 0) break;
    labels.push(new TextDecoder().decode(query.subarray(at, at + length)));
    at += length;
  }
  if (at + 4 > query.length || view.getUint16(at + 2) !== CLASS_IN) return undefined;
  return { name: labels.join(".").toLowerCase(), type: view.getUint16(at), end: at + 4 };
}

function uint16(value: number): readonly number[] {
  return [value >> 8, value & 0xff];
}
