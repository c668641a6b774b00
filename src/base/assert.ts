/**
 * A broken promise inside Landfall: never caught on the way to the top, never shown as a Problem.
 */
export class Bug extends Error {
  override readonly name = "Bug";
}

/**
 * States what the code relies on. Expected failures are Results; a false condition here is a bug.
 */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Bug(message);
}

/** Ends a `switch` over a closed union, so that a new member is a type error here. */
export function unreachable(value: never): never {
  // JSON has no bigint, and a TypeError would hide which bug this is.
  const text = JSON.stringify(value, (_, part) => (typeof part === "bigint" ? `${part}n` : part));
  throw new Bug(`unreachable: ${text}`);
}

/** The value where the code knows that it exists; `what` names it in the bug report. */
export function defined<T>(value: T | undefined | null, what: string): T {
  if (value === undefined || value === null) throw new Bug(`missing: ${what}`);
  return value;
}
