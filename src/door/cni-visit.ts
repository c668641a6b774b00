import { CniCode, type Millis } from "../base/index.ts";
import {
  type Decoded,
  decodeFrame,
  encodeFrame,
  errorReply,
  type Frame,
  lostReply,
  type PluginCall,
  type PluginReply,
  type PluginRunner,
} from "../forward/index.ts";
import { wordsOf } from "./listen.ts";

/** Told of what happens at the CNI socket. */
export interface CniListener {
  bug(error: Error, call: string): void;
  turnedAway(reason: string): void;
}

/** How long things may take. */
export interface CniTiming {
  /** From the connection to the end of the request, and from the answer until it is read. */
  readonly transfer: Millis;
  /** A call; then it is called off. */
  readonly call: Millis;
  /** What was called off may take to end; then its answer is given up. */
  readonly undo: Millis;
}

/** What a visit needs of the door it came through. */
export interface Hall {
  readonly run: PluginRunner;
  /** Why the caller has to do a call himself. */
  readonly declines: (call: PluginCall) => string | undefined;
  readonly listener: CniListener;
  readonly timing: CniTiming;
  /** Fires when what is under way is to be called off. */
  readonly ending: AbortSignal;
}

/** The end of a connection that is ours. */
export interface Line {
  /** How many bytes the kernel took. */
  write(bytes: Uint8Array): number;
  /** Closes when what was written has been taken. */
  end(): void;
  /** Closes at once. */
  terminate(): void;
}

/** One connection: a request, a call, an answer. */
export interface Visit {
  receive(bytes: Uint8Array): void;
  /** There is room again for what is to be sent. */
  send(): void;
  /** The other side hung up. */
  leave(): void;
  /** Nothing was done, and nothing will be: the other side may do it itself. */
  decline(reason: string): void;
  /** Declines unless a call is under way. */
  hurry(): void;
  /** Resolves when nothing of it is left. */
  readonly over: Promise<void>;
}

/** "listening": the request is not here yet. "speaking": the answer is on its way. */
type Stage = "listening" | "working" | "speaking" | "gone";

/** Serves one connection; never throws, never rejects. */
export function openVisit(line: Line, hall: Hall): Visit {
  const { listener, timing } = hall;
  const calledOff = new AbortController();
  const over = Promise.withResolvers<void>();
  let stage: Stage = "listening";
  let taken: Uint8Array = new Uint8Array();
  let left: Uint8Array = new Uint8Array();
  let timer = setTimeout(() => drop("it does not send its request"), timing.transfer);

  const leave = (): void => {
    if (stage === "gone") return;
    clearTimeout(timer);
    // A call that is under way ends first; what it says is for nobody.
    const wasWorking = stage === "working";
    stage = "gone";
    calledOff.abort();
    if (!wasWorking) over.resolve();
  };
  const drop = (reason: string): void => {
    if (stage === "gone") return;
    listener.turnedAway(reason);
    line.terminate();
    leave();
  };
  const send = (): void => {
    if (stage !== "speaking") return;
    left = left.subarray(Math.max(0, line.write(left)));
    if (left.length > 0) return;
    line.end();
    leave();
  };
  const speak = (frame: Frame): void => {
    clearTimeout(timer);
    timer = setTimeout(() => drop("it does not read its answer"), timing.transfer);
    stage = "speaking";
    left = encodeFrame(frame);
    send();
  };
  const decline = (reason: string): void => {
    if (stage === "listening") speak({ kind: "declined", reason });
  };
  const work = async (call: PluginCall): Promise<void> => {
    clearTimeout(timer);
    stage = "working";
    const reply = await answer(call, calledOff, hall);
    if (stage === "working") speak({ kind: "answer", reply });
    else over.resolve();
  };
  const begin = (call: PluginCall): void => {
    const reason = hall.declines(call);
    if (reason === undefined) void work(call);
    else decline(reason);
  };
  const take = (decoded: Decoded): void => {
    if (decoded.kind === "refused") drop(decoded.reason);
    else if (decoded.kind === "foreign") decline(`it speaks version ${decoded.version}`);
    else if (decoded.kind === "partial") return;
    else if (decoded.frame.kind === "request") begin(decoded.frame.call);
    else drop(`it sends what is ${decoded.frame.kind}`);
  };
  const receive = (bytes: Uint8Array): void => {
    if (stage === "working") drop("it sends more than one request");
    if (stage !== "listening") return;
    taken = taken.length === 0 ? bytes.slice() : Buffer.concat([taken, bytes]);
    take(decodeFrame(taken));
  };
  const hurry = (): void => decline("it ends");
  return { receive, send, leave, decline, hurry, over: over.promise };
}

/** What the call's work says, or what is said when it does not end though it was called off. */
async function answer(
  call: PluginCall,
  calledOff: AbortController,
  { run, listener, timing, ending }: Hall,
): Promise<PluginReply> {
  const { signal } = calledOff;
  const givenUp = Promise.withResolvers<PluginReply>();
  const callOff = (): void => calledOff.abort();
  let timer = setTimeout(callOff, timing.call);
  // By hand: AbortSignal.any makes one more object for the collector with each call.
  ending.addEventListener("abort", callOff);
  if (ending.aborted) callOff();
  const wait = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => givenUp.resolve(lostReply()), timing.undo);
  };
  if (signal.aborted) wait();
  signal.addEventListener("abort", wait);
  const work = run(call, signal).catch((error: unknown) => {
    const bug = error instanceof Error ? error : new Error(String(error));
    listener.bug(bug, `${call.env.CNI_COMMAND} of ${call.plugin}`);
    const reply = errorReply(CniCode.refused, `This is a bug in Landfall: ${wordsOf(error)}`);
    return { ...reply, stderr: `${bug.stack}\n` };
  });
  const reply = await Promise.race([work, givenUp.promise]);
  signal.removeEventListener("abort", wait);
  ending.removeEventListener("abort", callOff);
  clearTimeout(timer);
  return reply;
}
