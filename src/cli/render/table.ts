import { printable } from "../../base/index.ts";
import type { Paint, Style } from "./look.ts";

/** A cell with a meaning; a plain string has none. */
export type Cell = string | { readonly text: string; readonly style: Style };

/** Stands for "there is none", so that columns can be cut by number. */
export const NONE = "-";

const GAP = "  ";

/**
 * Rows as aligned columns, a newline after each. Cells are never cut or broken; what is empty at
 * the end of a row leaves no spaces behind.
 */
export function table(rows: readonly (readonly Cell[])[], paint: Paint): string {
  const texts = rows.map((row) => row.map(cellText));
  const columns = Math.max(0, ...texts.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(0, ...texts.map((row) => Bun.stringWidth(row[column] ?? ""))),
  );
  return rows.map((row) => `${line(row, widths, paint)}\n`).join("");
}

/** Names and values below each other. */
export function properties(pairs: readonly (readonly [string, Cell])[], paint: Paint): string {
  const rows = pairs.map(([name, value]) => [{ text: name, style: "note" } as const, value]);
  return table(rows, paint);
}

function line(row: readonly Cell[], widths: readonly number[], paint: Paint): string {
  const last = row.findLastIndex((cell) => cellText(cell) !== "");
  return row
    .slice(0, last + 1)
    .map((cell, column) => {
      const text = cellText(cell);
      const painted = typeof cell === "string" ? text : paint(cell.style, text);
      const missing = (widths[column] ?? 0) - Bun.stringWidth(text);
      return column === last ? painted : painted + " ".repeat(missing);
    })
    .join(GAP);
}

function cellText(cell: Cell): string {
  return printable(typeof cell === "string" ? cell : cell.text);
}
