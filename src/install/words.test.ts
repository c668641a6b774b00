import { expect, test } from "bun:test";
import { execPath, shellWord } from "./words.ts";

// systemd.service(5), "Command lines", and systemd.unit(5), "Specifiers" and "Quoting".
test.each([
  ["/usr/bin/landfall", "/usr/bin/landfall"],
  ["/a b/landfall", '"/a b/landfall"'],
  ["/100%/landfall", "/100%%/landfall"],
  ["/$HOME/landfall", "/$HOME/landfall"],
  ['/a"b\\c/x', '"/a\\"b\\\\c/x"'],
  ["/a;b", '"/a;b"'],
])("systemd reads %s as %s", (text, written) => {
  expect(execPath(text)).toBe(written);
});

test("a shell reads back each word as it is", () => {
  for (const word of ["/usr/bin/x", "/a b", "/it's", "/$(x)", "a;b", "`x`", '"', "*"]) {
    const echoed = Bun.spawnSync(["sh", "-c", `printf %s ${shellWord(word)}`]).stdout.toString();
    expect(echoed).toBe(word);
  }
});
