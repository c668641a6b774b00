import { printable } from "../../base/index.ts";
import type { MatrixCell, MatrixReport } from "../../lab/index.ts";
import { dispositionMeaning } from "./disposition-meaning.ts";
import type { Paint } from "./look.ts";
import { type Cell, table } from "./table.ts";

/** Who reaches whom: a row for each sender, letters for the reasons, then the wrong cells. */
export function matrixText({ nodes, cells }: MatrixReport, paint: Paint): string {
  const reasons = [...new Set(cells.flatMap((cell) => reasonOf(cell) ?? []))];
  const senders = nodes.filter((node) => cells.some((cell) => cell.from === node));
  const rows = senders.map((from): readonly Cell[] => [
    from,
    ...nodes.map((to) => {
      const cell = cells.find((candidate) => candidate.from === from && candidate.to === to);
      return cell === undefined ? "·" : cellMark(cell, reasons);
    }),
  ]);
  const footnotes = reasons.map((reason, index) => `${letter(index)}  ${explain(reason)}\n`);
  const grid = table([["from \\ to", ...nodes], ...rows], paint);
  return [grid, ...footnotes, ...cells.flatMap((cell) => wrongCell(cell, paint))].join("");
}

/** Only what does not get through needs a reason. */
function reasonOf(cell: MatrixCell): string | undefined {
  return cell.measured === "unreachable" ? cell.because : undefined;
}

function cellMark(cell: MatrixCell, reasons: readonly string[]): Cell {
  const reason = reasonOf(cell);
  const note = reason === undefined ? "" : ` ${letter(reasons.indexOf(reason))}`;
  const mark = cell.measured === "reachable" ? "✓" : "✗";
  const text = `${mark}${note}${cell.ok ? "" : " !"}`;
  if (!cell.ok) return { text, style: "bad" };
  return { text, style: cell.measured === "reachable" ? "good" : "note" };
}

/** A … Z, then A1 … */
function letter(index: number): string {
  const round = Math.floor(index / 26);
  return `${String.fromCharCode(65 + (index % 26))}${round === 0 ? "" : round}`;
}

function explain(reason: string): string {
  const meaning = dispositionMeaning(reason);
  return printable(meaning === undefined ? reason : `${reason}: ${meaning}`);
}

function wrongCell(cell: MatrixCell, paint: Paint): readonly string[] {
  if (cell.ok) return [];
  const { from, to, expected, measured } = cell;
  return [`${paint("bad", "!")}  ${from} -> ${to}: expected ${expected}, measured ${measured}\n`];
}
