/** What the documents say to type on a machine with Docker, typed on one, as on its LAN. */
import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DockerEngine, openDockerEngine } from "./support/docker-engine.ts";
import { inside, pathOf } from "./support/lan.ts";
import { compare, type Ending, furnish, PATIENCE } from "./support/reader.ts";
import { readStory, type Step } from "./support/story.ts";

const root = join(import.meta.dirname, "..");

type Typed = Extract<Step, { kind: "command" }>;

function storyOf(document: string): readonly Typed[] {
  const text = readFileSync(join(root, document), "utf8");
  return readStory(text).flatMap((step) =>
    step.kind === "command" && step.place !== undefined ? [step] : [],
  );
}

/** The LAN that the documents are about: eth0 with 192.168.1.10/24, and the router 192.168.1.1. */
function moveToDocuments({ lan }: DockerEngine): void {
  inside(lan.host, "ip", "link", "set", "dev", "p0", "down");
  inside(lan.host, "ip", "link", "set", "dev", "p0", "name", "eth0");
  const sides = [
    [lan.host, "eth0", "192.168.1.10/24"],
    [lan.machine, "m0", "192.168.1.1/24"],
  ] as const;
  for (const [netns, name, address] of sides) {
    inside(netns, "ip", "addr", "flush", "dev", name);
    inside(netns, "ip", "addr", "add", address, "dev", name);
    inside(netns, "ip", "link", "set", "dev", name, "up");
  }
}

/** Types one command, and waits for it alone: it may leave something running. */
async function type(engine: DockerEngine, home: string, step: Typed): Promise<Ending> {
  const other = ["nsenter", `--net=${pathOf(engine.lan.machine)}`, "--"];
  const behind = step.place === "lan" ? other : engine.enter;
  // A file of its own, for what was left running may still write to that of its command.
  const output = join(home, `output-of-line-${step.line}`);
  const line = `cd "$1" && timeout --kill-after=5 ${PATIENCE} bash -c "$2" >"$3" 2>&1`;
  const typed = Bun.spawn([...behind, "bash", "-c", line, "reader", home, step.command, output], {
    // The engine's own programs first, and none of the state of the real machine.
    env: {
      PATH: `/usr/sbin:/usr/bin:/sbin:/bin:${process.env.PATH}`,
      HOME: home,
      LC_ALL: "C.UTF-8",
      LANDFALL_STATE_DIR: "/run/landfall-state",
    },
    stdio: ["ignore", "ignore", "ignore"],
  });
  const exitCode = await typed.exited;
  return { exitCode, output: readFileSync(output, "utf8") };
}

async function followOn(engine: DockerEngine, story: readonly Typed[]): Promise<readonly string[]> {
  const place = mkdtempSync(join(tmpdir(), "landfall-reader-"));
  try {
    const home = join(place, "home");
    furnish(home, story);
    const differences: string[] = [];
    for (const step of story) differences.push(...compare(step, await type(engine, home, step)));
    return differences;
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

const documents = ["README.md", "docs/docker.md"];

test("no other document says what to type on a machine with Docker", () => {
  const pages = ["*.md", "docs/*.md"].flatMap((glob) => [
    ...new Bun.Glob(glob).scanSync({ cwd: root }),
  ]);
  const told = pages.filter((page) => storyOf(page).length > 0);
  // readme.kernel.test.ts holds the Chinese README to the English one.
  expect(told.sort()).toEqual([...documents, "README.zh-CN.md"].sort());
});

test.each(documents)(
  "what %s says to type on a machine with Docker does what it says",
  async (document) => {
    const story = storyOf(document);
    expect(story.map(({ place }) => place)).toContain("docker");
    await using engine = await openDockerEngine("debian");
    moveToDocuments(engine);
    expect((await followOn(engine, story)).join("\n")).toBe("");
  },
  100_000,
);

test("a document with Docker that says what is not so is caught", async () => {
  const text = "```docker-console\n$ docker network ls -q -f name=lan\nlan\n```\n";
  const told = readStory(text).flatMap((step) => (step.kind === "command" ? [step] : []));
  await using engine = await openDockerEngine("debian");
  const [difference] = await followOn(engine, told);
  expect(difference).toContain("instead of:\nlan");
}, 100_000);
