/**
 * The program of ExecStart=, so that systemd reads it as it is (systemd.service(5), "Command
 * lines"). Variables are not replaced in it, so a dollar sign stands for itself.
 */
export function execPath(text: string): string {
  const literal = text.replaceAll("%", "%%");
  if (/^[\w./:@%$+=,-]+$/.test(literal)) return literal;
  return `"${literal.replace(/["\\]/g, "\\$&").replaceAll("\n", "\\n")}"`;
}

/** One word of a shell's command line. */
export function shellWord(text: string): string {
  if (/^[\w./:@%+=,-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
