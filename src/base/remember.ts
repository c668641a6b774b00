/** So many answers are kept, the ones that were wanted last. */
const KEPT = 64;
/** What is asked by more characters than that is answered anew each time. */
const KEY_LENGTH_MAX = 16 * 1024;

/**
 * A function that answers what it was asked lately with the same object as then. For work without
 * effects on what never changes: `keyOf` says all that the answer depends on.
 */
export function remembering<A extends readonly unknown[], T>(
  keyOf: (...asked: A) => string,
  work: (...asked: A) => T,
): (...asked: A) => T {
  const answers = new Map<string, { readonly answer: T }>();
  return (...asked) => {
    const key = keyOf(...asked);
    const known = answers.get(key) ?? { answer: work(...asked) };
    if (key.length > KEY_LENGTH_MAX) return known.answer;
    // A Map is in the order of insertion: the first one is what nobody wanted for longest.
    answers.delete(key);
    answers.set(key, known);
    const [oldest] = answers.size > KEPT ? answers.keys() : [];
    if (oldest !== undefined) answers.delete(oldest);
    return known.answer;
  };
}
