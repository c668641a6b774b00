/** Rows as text: JSON, with the one type it lacks. */
export function formatDocument(row: unknown): string {
  return JSON.stringify(row, (_key, value: unknown) =>
    typeof value === "bigint" ? { $bigint: value.toString() } : value,
  );
}

/** The reverse; the text was written by `formatDocument`, so its shape is known. */
export function parseDocument<Row>(text: string): Row {
  return JSON.parse(text, (_key, value: unknown) =>
    isBigint(value) ? BigInt(value.$bigint) : value,
  ) as Row;
}

function isBigint(value: unknown): value is { readonly $bigint: string } {
  return typeof value === "object" && value !== null && "$bigint" in value;
}
