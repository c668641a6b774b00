import { ok, type Problem, type Result } from "../base/index.ts";

/** Says how it will end, and goes on when whoever waited has been answered. */
export type TellEarly<T> = (answer: T) => Promise<void>;

/**
 * Work that is answered before its end. Whoever comes next for the same thing waits for that end
 * first, and hears of a failure that came after the answer.
 */
export class EarlyAnswers<T> {
  readonly #ends = new Map<string, Promise<Result<T, Problem>>>();

  /** Resolves with what `work` tells, or with its end where it ends before it tells anything. */
  begin(
    id: string,
    work: (tell: TellEarly<T>) => Promise<Result<T, Problem>>,
  ): Promise<Result<T, Problem>> {
    const early = Promise.withResolvers<Result<T, Problem>>();
    let told = false;
    const end = work(async (answer) => {
      told = true;
      early.resolve(ok(answer));
      await nextTurn();
    });
    this.#ends.set(id, end);
    const isKnown = (result: Result<T, Problem>): boolean => result.ok || !told;
    end.then((result) => isKnown(result) && this.#forget(id, end)).catch(() => undefined);
    return Promise.race([early.promise, end]);
  }

  /** The end of what was begun; undefined where there is nothing to wait for, or to tell. */
  async end(id: string): Promise<Result<T, Problem> | undefined> {
    const end = this.#ends.get(id);
    if (end === undefined) return undefined;
    try {
      return await end;
    } finally {
      this.#forget(id, end);
    }
  }

  #forget(id: string, end: Promise<Result<T, Problem>>): void {
    if (this.#ends.get(id) === end) this.#ends.delete(id);
  }
}

/** When the answers that are due have been written. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
