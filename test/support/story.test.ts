import { expect, test } from "bun:test";
import { isPrinted, readStory } from "./story.ts";

const story = `
# A document

\`\`\`yaml shop.yaml
id: shop
\`\`\`

\`\`\`console
$ first
one

two
$ second \\
  continued
\`\`\`

<!-- ends with 3 -->
\`\`\`sh
third

fourth
\`\`\`

\`\`\`text
$ not typed
\`\`\`
`;

test("a document is read as the files and commands that it shows", () => {
  expect(readStory(story)).toEqual([
    { kind: "file", line: 5, name: "shop.yaml", text: "id: shop\n" },
    { kind: "command", line: 9, command: "first", prints: ["one", "", "two"], exitCode: 0 },
    { kind: "command", line: 13, command: "second \\\n  continued", prints: [], exitCode: 0 },
    { kind: "command", line: 19, command: "third", prints: undefined, exitCode: 0 },
    { kind: "command", line: 21, command: "fourth", prints: undefined, exitCode: 3 },
  ]);
});

test("a block may say where its commands are typed", () => {
  const story =
    "```docker-console\n$ first\none\n```\n```lan-sh\nsecond\n```\n```odd-sh\nno\n```\n";
  expect(readStory(story)).toMatchObject([
    { command: "first", prints: ["one"], place: "docker" },
    { command: "second", prints: undefined, place: "lan" },
  ]);
});

test("a block that is not closed is a mistake, not the end of the story", () => {
  expect(() => readStory("```sh\nfirst\n")).toThrow("not closed");
});

test("output must be what is shown, line for line", () => {
  expect(isPrinted("", [])).toBe(true);
  expect(isPrinted("a.c\nb\n", ["a.c", "b"])).toBe(true);
  expect(isPrinted("abc\nb\n", ["a.c", "b"])).toBe(false);
  expect(isPrinted("a.c\n", ["a.c", "b"])).toBe(false);
  expect(isPrinted("a.c\nb\nc\n", ["a.c", "b"])).toBe(false);
  expect(isPrinted("more\n", [])).toBe(false);
});

test("an ellipsis is any text in a line, and any lines alone", () => {
  expect(isPrinted("one two three\n", ["one … three"])).toBe(true);
  expect(isPrinted("one two\nthree\n", ["one … three"])).toBe(false);
  expect(isPrinted("first\nx\ny\nlast\n", ["first", "…", "last"])).toBe(true);
  expect(isPrinted("first\nlast\n", ["first", "…", "last"])).toBe(true);
  expect(isPrinted("first\nx\n", ["first", "…", "last"])).toBe(false);
});

test("ids, MACs and times may be those of another run, and numbers may not", () => {
  const shown = ["ep-0123456789 02:00:00:00:00:01 2026-11-21T05:05:57.083Z (2.1 s)"];
  expect(isPrinted("ep-zyxwvutsrq 9e:fe:dc:ba:98:76 2027-01-01T00:00:00.000Z (11.0 s)\n", shown)) //
    .toBe(true);
  expect(isPrinted("30 of 30\n", ["35 of 35"])).toBe(false);
});
