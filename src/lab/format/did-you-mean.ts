import { nearest } from "../../base/index.ts";

/** A longer list of words hides the mistake that it should explain. */
const listedMax = 12;

/** What to say after a word that is not known: the near miss, or all that is known if little. */
export function didYouMean(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  if (near !== undefined) return `; did you mean "${near}"?`;
  if (known.length === 0) return "; there is none";
  return known.length > listedMax ? "" : `; known: ${known.join(", ")}`;
}
