/** What a piece of text means; how that looks is decided in one place. */
export type Style = "good" | "bad" | "note" | "strong";

/** Styles text, or leaves it as it is. */
export type Paint = (style: Style, text: string) => string;

/** How one stream is written to. */
export interface Look {
  readonly paint: Paint;
  /** Whether a person reads it and may want to know what to do next. */
  readonly reader: "person" | "program";
}

const sgr: Readonly<Record<Style, number>> = { good: 32, bad: 31, note: 2, strong: 1 };

/** Text without any styling. */
export const plainPaint: Paint = (_, text) => text;

/** ANSI colours (ECMA-48 section 8.3.117, SGR). */
export const ansiPaint: Paint = (style, text) => `\u001b[${sgr[style]}m${text}\u001b[0m`;

/** Colours only where a person reads and nobody said no (https://no-color.org). */
export function lookOf(stream: { readonly isTty: boolean }, color: "auto" | "never"): Look {
  return {
    paint: stream.isTty && color === "auto" ? ansiPaint : plainPaint,
    reader: stream.isTty ? "person" : "program",
  };
}
