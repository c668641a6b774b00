import type { Logger } from "@logtape/logtape";
import { type Millis, millis, seconds } from "../base/index.ts";
import type { Engine, HostEvent, Reconciled, ReconcileOptions } from "../engine/index.ts";
import type { Clock } from "../platform/index.ts";

/** Links come and go in bursts; one look after the burst is enough. */
const SETTLE: Millis = millis(200);
/** Each container that starts or ends stirs its parent, and a look at all of them costs time. */
const STIR_SETTLE: Millis = seconds(2);

/** What the caretaker looks after, and when. */
export interface CaretakerOptions {
  readonly engine: Pick<Engine, "reconcile">;
  readonly events: AsyncIterable<HostEvent>;
  readonly clock: Clock;
  /** How long it waits when nothing happens: namespaces vanish without a word. */
  readonly interval: Millis;
  readonly logger: Pick<Logger, "info" | "warn">;
  readonly signal: AbortSignal;
}

/**
 * Reconciles at once, whenever the host's links changed, and at intervals, until `signal` fires.
 * What is done is logged; what stays wrong is logged once, until it changes.
 */
export async function takeCare(options: CaretakerOptions): Promise<void> {
  const { clock, interval, signal } = options;
  const bell = new Bell();
  const listening = listenTo(options, bell);
  const told = new Set<string>();
  let ring: Ring = "quiet";
  let lookedAtHolds = clock.boottime();
  while (!signal.aborted) {
    // Each container that comes or goes stirs, and no file of others is gone for that.
    const isSoon = ring === "stirred" && clock.boottime() - lookedAtHolds < interval;
    await look(options, told, isSoon ? { holds: "leave" } : {});
    if (!isSoon) lookedAtHolds = clock.boottime();
    if (signal.aborted) break;
    const woken = await bell.wait(clock, interval, signal);
    // What rings louder meanwhile ends the longer wait.
    const louder =
      woken === "stirred" ? await bell.wait(clock, STIR_SETTLE, signal, "rung") : woken;
    if (louder === "rung") await clock.sleep(SETTLE, signal);
    bell.reset();
    ring = louder;
  }
  await listening;
}

async function listenTo({ events, logger }: CaretakerOptions, bell: Bell): Promise<void> {
  for await (const event of events) {
    if (event.kind === "blind") {
      logger.warn("The host's links cannot be watched: {reason}", { reason: event.reason });
    } else {
      bell.ring(event.kind === "stir" ? "stirred" : "rung");
    }
  }
}

async function look(
  { engine, logger }: CaretakerOptions,
  told: Set<string>,
  wanted: ReconcileOptions,
): Promise<void> {
  const result = await engine.reconcile(wanted);
  if (!result.ok) {
    const { code, detail } = result.error;
    sayOnce(told, [`${code} ${detail}`], () => {
      logger.warn("Reconciling failed: {code}: {detail}", { code, detail });
    });
    return;
  }
  const rows = result.value.filter(({ finding }) => finding.kind !== "running");
  const standing = new Set(rows.filter((row) => row.outcome !== "done").map(keyOf));
  for (const key of told) if (!standing.has(key)) told.delete(key);
  for (const row of rows) {
    if (row.outcome === "done") logger.info("Mended {what}: {detail}", factsOf(row));
    else sayOnce(told, [keyOf(row)], () => logger.warn("Left {what}: {detail}", factsOf(row)));
  }
}

function sayOnce(told: Set<string>, [key]: readonly [string], say: () => void): void {
  if (told.has(key)) return;
  told.add(key);
  say();
}

function keyOf({ finding, outcome }: Reconciled): string {
  return JSON.stringify([finding, outcome]);
}

function factsOf({ finding, problem }: Reconciled): Record<string, unknown> {
  const { detail, ...rest } = finding;
  const { network } = finding;
  const what =
    finding.subject === "endpoint" ? `${finding.endpoint} of ${network}` : `network ${network}`;
  return {
    what,
    detail: problem?.detail ?? detail,
    ...rest,
    ...(problem && { code: problem.code }),
  };
}

/** How loud it rang: something happened, something may have, or nothing did. */
type Ring = "rung" | "stirred" | "quiet";

class Bell {
  #ring: Ring = "quiet";
  #wake: () => void = () => undefined;

  ring(how: "rung" | "stirred"): void {
    if (this.#ring !== "rung") this.#ring = how;
    this.#wake();
  }

  reset(): void {
    this.#ring = "quiet";
  }

  /** Waits for a ring, at most so long; `only`: for a loud one. */
  async wait(clock: Clock, limit: Millis, signal: AbortSignal, only?: "rung"): Promise<Ring> {
    const enough = new AbortController();
    const listen = (): void => {
      if (this.#ring === "rung" || (this.#ring === "stirred" && only === undefined)) enough.abort();
    };
    this.#wake = listen;
    listen();
    await clock.sleep(limit, AbortSignal.any([enough.signal, signal]));
    return this.#ring;
  }
}
