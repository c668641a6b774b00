/**
 * The documents for people are stories that happen: every command in them is run, on a machine like
 * the one that they describe, and must print what they show.
 */
import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { follow } from "./support/reader.ts";
import { readStory, type Step } from "./support/story.ts";

const documents = ["README.md", "CONTRIBUTING.md", "docs/concepts.md", "docs/scenarios.md"];

/** Commands that cannot be run here, each with the reason. */
const leftOut: ReadonlyMap<string, string> = new Map([
  ["npm test", "it is what runs this test"],
  ["npm test -- attach", "it would run the tests inside a test"],
  ["npm run format", "it rewrites the checkout"],
  ["npm run docs", "it rewrites the checkout"],
  ["npm run build", "build.engine.test.ts runs it"],
  ["npm run bench -- durable", "what it prints is not the same twice"],
]);

const root = join(import.meta.dirname, "..");

function textOf(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

function storyOf(document: string): readonly Step[] {
  return readStory(textOf(document));
}

/** docker-documents.engine.test.ts types what is for a machine with Docker. */
function isElsewhere(step: Step): boolean {
  return step.kind === "command" && step.place !== undefined;
}

function isLeftOut(step: Step): boolean {
  return step.kind === "command" && leftOut.has(step.command);
}

test.concurrent.each(documents)(
  "what %s says to type does what it says",
  async (document) => {
    const story = storyOf(document);
    expect(story.map(({ kind }) => kind)).toContain("command");
    const differences = await follow(
      story.filter((step) => !isLeftOut(step) && !isElsewhere(step)),
    );
    expect(differences.join("\n")).toBe("");
  },
  100_000,
);

test.concurrent("a document that says what is not so is caught", async () => {
  const story = readStory(`
\`\`\`yaml told.yaml
told
\`\`\`

\`\`\`console
$ cat told.yaml
told
$ echo one
two
$ false
$ ping -c 1 -W 1 192.168.1.2 >/dev/null && echo "an address that nobody has"
$ ip -o -4 addr show dev eth0
… 192.168.1.10/24 …
\`\`\`
`);
  const differences = await follow(story);
  expect(differences.map((text) => text.split("\n").slice(0, 2))).toEqual([
    ["line 9: echo one", "printed:"],
    ["line 11: false", "ended with 1, not 0:"],
    [expect.stringContaining("line 12: ping"), "ended with 1, not 0:"],
  ]);
});

test("the Chinese README tells the same story as the English one", () => {
  const withoutLines = (story: readonly Step[]) => story.map((step) => ({ ...step, line: 0 }));
  expect(withoutLines(storyOf("README.zh-CN.md"))).toEqual(withoutLines(storyOf("README.md")));
});

test("every command that is left out is in a document", () => {
  const typed = documents.flatMap(storyOf).filter(isLeftOut);
  const commands = typed.flatMap((step) => (step.kind === "command" ? [step.command] : []));
  expect([...new Set(commands)].sort()).toEqual([...leftOut.keys()].sort());
});

test("links between documents lead to files, and to headings that are there", () => {
  const pages = ["", "docs/"].flatMap((folder) =>
    [...new Bun.Glob("*.md").scanSync({ cwd: join(root, folder) })].map((name) => folder + name),
  );
  expect(pages).toContain("docs/scenarios.md");
  const dead = pages.flatMap((page) => {
    const links = [...textOf(page).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)];
    return links.flatMap(([link, path = "", heading]) => {
      const target = path === "" ? page : join(dirname(page), path);
      const found =
        existsSync(join(root, target)) &&
        (heading === undefined || anchorsOf(textOf(target)).includes(heading));
      return found ? [] : [`${page}: ${link}`];
    });
  });
  expect(dead).toEqual([]);
});

/** The names that GitHub gives to headings, without those for repeated ones. */
function anchorsOf(markdown: string): readonly string[] {
  const headings = [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => heading);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

test.each(["docs/kernel-notes.md", "docs/docker-notes.md"])(
  "every note in %s names a test, a scenario, a recording or a document that is there",
  (notes) => {
    const rows = textOf(notes).match(/^\| (?!what the (?:kernel|engine) does).*$/gm) ?? [];
    expect(rows.length).toBeGreaterThan(10);
    const unproven = rows.filter((row) => {
      const [, path, name = ""] = /\| `([^`]+)`(?:: (.+))? \|$/.exec(row) ?? [];
      return path === undefined || !bracesOf(path).every((one) => isShownBy(one, name));
    });
    expect(unproven).toEqual([]);
  },
);

/** As the shell understands `a{b,c}d`: both names. */
function bracesOf(path: string): readonly string[] {
  const [, before = "", choices, after = ""] = /^(.*)\{(.*)\}(.*)$/.exec(path) ?? [];
  return choices?.split(",").map((choice) => `${before}${choice}${after}`) ?? [path];
}

function isShownBy(path: string, name: string): boolean {
  return existsSync(join(root, path)) && textOf(path).includes(name);
}
