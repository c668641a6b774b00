/** The launcher as a program: what it passes on, what it keeps out, and what it installs when. */
import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { asOrdinaryUser, Checkout, ordinaryUid, toldBy, until } from "./launcher/checkout.ts";

const installing = "landfall: installing dependencies (once) …\n";

/** A checkout whose dependencies are there. */
async function installedCheckout(): Promise<Checkout> {
  const checkout = new Checkout();
  const first = await checkout.run([]);
  if (first.exitCode !== 0) throw new Error(`the first start failed: ${first.stderr}`);
  return checkout;
}

describe("the launcher passes on", () => {
  test("arguments as they are, and the current directory", async () => {
    using checkout = await installedCheckout();
    const args = ["a b", "", "two\nlines", "--help", "-e", "*", "$HOME", "--", "--config=x"];
    const ending = await checkout.run(args);
    expect(toldBy(ending)).toMatchObject({ argv: args, cwd: checkout.elsewhere });
    expect(ending).toMatchObject({ exitCode: 0, stderr: "" });
  });

  test("the exit status", async () => {
    using checkout = await installedCheckout();
    expect((await checkout.run(["exit", "5"])).exitCode).toBe(5);
  });

  test.each([
    ["SIGTERM", 41],
    ["SIGINT", 42],
  ] as const)("%s, because it has become the program", async (signal, status) => {
    using checkout = await installedCheckout();
    const child = checkout.start(["wait"]);
    const reader = child.stdout.getReader();
    const told = JSON.parse(new TextDecoder().decode((await reader.read()).value));
    expect(told.pid).toBe(child.pid);
    child.kill(signal);
    expect(await child.exited).toBe(status);
  });
});

describe("the launcher finds its checkout", () => {
  test("through a chain of symbolic links, relative ones too", async () => {
    using checkout = await installedCheckout();
    const bin = join(checkout.elsewhere, "bin dir");
    mkdirSync(bin);
    symlinkSync(checkout.launcher, join(bin, "absolute"));
    symlinkSync("absolute", join(bin, "landfall"));
    const ending = await checkout.run(["x"], { program: join(bin, "landfall"), cwd: "/" });
    expect(toldBy(ending)).toMatchObject({ argv: ["x"], cwd: "/" });
  });

  test.each([
    ["checkout", ["./landfall"]],
    ["checkout/src", ["../landfall"]],
    ["checkout", ["sh", "landfall"]],
    ["", ["checkout/landfall"]],
  ])("from %s as %j, whatever CDPATH says", async (cwd, words) => {
    using checkout = await installedCheckout();
    const [program = "", ...args] = words;
    mkdirSync(join(checkout.elsewhere, "checkout"));
    const env = { CDPATH: checkout.elsewhere };
    const ending = await checkout.run(args, { program, cwd: join(checkout.folder, cwd), env });
    expect(ending.exitCode).toBe(0);
  });
});

describe("the launcher keeps out", () => {
  test("a bunfig.toml and a .env of the current directory", async () => {
    using checkout = await installedCheckout();
    const evil = join(checkout.elsewhere, "evil.ts");
    writeFileSync(evil, 'process.env.EVIL = "preload"; console.log("evil");');
    writeFileSync(join(checkout.elsewhere, "bunfig.toml"), `preload = ["${evil}"]`);
    writeFileSync(join(checkout.elsewhere, ".env"), "EVIL=dotenv");
    expect(toldBy(await checkout.run([])).evil).toBeUndefined();
  });

  test("variables that make Bun run something else", async () => {
    using checkout = await installedCheckout();
    const evil = join(checkout.elsewhere, "evil.ts");
    writeFileSync(evil, 'process.env.EVIL = "preload"; console.log("evil");');
    const preload = `--preload=${evil}`;
    const env = { BUN_OPTIONS: preload, NODE_OPTIONS: preload, BUN_BE_BUN: "1" };
    const ending = await checkout.run(["--version"], { env: { ...env, NODE_PATH: "/evil" } });
    expect(toldBy(ending)).toMatchObject({ argv: ["--version"] });
    expect(toldBy(ending).evil).toBeUndefined();
  });
});

describe("dependencies", () => {
  test("are installed once, with one line on stderr and none on stdout", async () => {
    using checkout = new Checkout();
    const first = await checkout.run(["a"]);
    expect(first).toMatchObject({ exitCode: 0, stderr: installing });
    expect(toldBy(first).argv).toEqual(["a"]);
    expect(await checkout.run(["b"])).toMatchObject({ exitCode: 0, stderr: "" });
    expect(checkout.npmCalls()).toHaveLength(1);
    expect(checkout.npmCalls()[0]).toContain("--ignore-scripts");
    expect(checkout.npmCalls()[0]).toContain("--omit=dev");
  });

  test("are installed again for a new package-lock.json, and a developer's stay", async () => {
    using checkout = await installedCheckout();
    const before = toldBy(await checkout.run([])).version;
    mkdirSync(join(checkout.modules, "typescript"));
    checkout.write("package-lock.json", "second\n");
    const after = await checkout.run([]);
    expect(after.stderr).toBe(installing);
    expect(toldBy(after).version).not.toBe(before);
    expect(checkout.npmCalls()[1]).toContain("--include=dev");
  });

  test("made by a person with npm are taken as they are", async () => {
    using checkout = await installedCheckout();
    const ours = join(checkout.modules, ".landfall");
    await Bun.$`rm ${ours} && touch ${join(checkout.modules, ".package-lock.json")}`;
    expect((await checkout.run([])).stderr).toBe("");
  });

  test("that npm did not finish are not taken", async () => {
    using checkout = await installedCheckout();
    await Bun.$`rm ${[".landfall", ".package-lock.json"].map((f) => join(checkout.modules, f))}`;
    expect(await checkout.run([])).toMatchObject({ exitCode: 0, stderr: installing });
  });

  test("are installed by one of two launchers while the other waits", async () => {
    using checkout = new Checkout();
    checkout.setNpm("dawdle");
    const first = checkout.run(["1"]);
    await until(() => checkout.npmCalls().length === 1);
    const second = checkout.start(["2"]);
    const said = new TextDecoder().decode((await second.stderr.getReader().read()).value);
    expect(said).toContain("waiting for another landfall");
    checkout.endDawdling();
    expect(toldBy(await first).argv).toEqual(["1"]);
    expect(await second.exited).toBe(0);
    expect(checkout.npmCalls()).toHaveLength(1);
  });

  test("that npm cannot install are explained in its words and ours", async () => {
    using checkout = new Checkout();
    checkout.setNpm("fail");
    const ending = await checkout.run([]);
    expect(ending).toMatchObject({ exitCode: 5, stdout: "" });
    expect(ending.stderr).toContain("npm's own words");
    expect(ending.stderr).toContain("then try again");
    const left = readdirSync(checkout.root).filter((name) => name.includes("install"));
    expect(left).toEqual([]);
    expect(existsSync(checkout.modules)).toBe(false);
  });

  test.each([
    ["SIGTERM", 143],
    ["SIGINT", 130],
  ] as const)("are given up at once on %s", async (signal, status) => {
    using checkout = new Checkout();
    checkout.setNpm("dawdle");
    const child = checkout.start([]);
    await until(() => checkout.npmCalls().length === 1);
    child.kill(signal);
    expect(await child.exited).toBe(status);
    expect(checkout.isNpmRunning()).toBe(false);
    expect(readdirSync(checkout.root)).not.toContain("node_modules");
    expect(readdirSync(checkout.root).join()).not.toContain(".install");
  });

  test("are installed anew after an install that was killed, whose rest is removed", async () => {
    using checkout = new Checkout();
    checkout.setNpm("dawdle");
    const child = checkout.start([], { behind: ["setsid"] });
    await until(() => checkout.npmCalls().length === 1);
    process.kill(-child.pid, "SIGKILL");
    await child.exited;
    expect(readdirSync(checkout.root).join()).toContain(".install");
    checkout.setNpm("install");
    expect(await checkout.run([])).toMatchObject({ exitCode: 0, stderr: installing });
    expect(readdirSync(checkout.root).join()).not.toContain(".install");
  });

  test("cannot be installed without npm, which is said", async () => {
    using checkout = new Checkout();
    const bin = join(checkout.elsewhere, "bin");
    mkdirSync(bin);
    for (const tool of ["cksum", "uname", "sh"])
      symlinkSync(Bun.which(tool) ?? "", join(bin, tool));
    const ending = await checkout.run([], { env: { PATH: bin } });
    expect(ending).toMatchObject({ exitCode: 4, stdout: "" });
    expect(ending.stderr).toContain("Install Node.js");
  });

  test("do not exist for some machines, which is said", async () => {
    using checkout = new Checkout();
    checkout.writeProgram("uname", '#!/bin/sh\n[ "$1" = -m ] && echo riscv64 || echo Linux\n');
    const ending = await checkout.run([]);
    expect(ending.exitCode).toBe(4);
    expect(ending.stderr).toContain("Linux on riscv64");
  });
});

describe("a user who may not write the checkout", () => {
  const behind = asOrdinaryUser;

  test("uses what is installed there, and writes nothing", async () => {
    using checkout = await installedCheckout();
    checkout.makeReadOnly();
    expect(await checkout.run([], { behind })).toMatchObject({ exitCode: 0, stderr: "" });
    expect(readdirSync(checkout.elsewhere)).toEqual([]);
  });

  test("gets dependencies of his own, below XDG_CACHE_HOME, for the sources of today", async () => {
    using checkout = new Checkout();
    checkout.makeReadOnly();
    const env = { XDG_CACHE_HOME: join(checkout.elsewhere, "cache") };
    expect(await checkout.run([], { behind, env })).toMatchObject({ exitCode: 0 });
    expect(readdirSync(env.XDG_CACHE_HOME)).toEqual(["landfall"]);
    chmodSync(join(checkout.root, "src/main.ts"), 0o644);
    checkout.write("src/main.ts", 'import { version } from "told"; console.log("new", version);');
    const second = await checkout.run([], { behind, env });
    expect(second).toMatchObject({ exitCode: 0, stderr: "" });
    expect(second.stdout).toStartWith("new ");
  });

  test("and who has no home gets them in a private folder below TMPDIR", async () => {
    using checkout = new Checkout();
    checkout.makeReadOnly();
    expect(await checkout.run([], { behind })).toMatchObject({ exitCode: 0 });
    const [folder = ""] = readdirSync(checkout.elsewhere);
    const printed = await Bun.$`stat -c %a ${join(checkout.elsewhere, folder)}`.text();
    expect(printed).toBe("700\n");
  });

  // Only root can make a folder that is another user's.
  const traps = ["a link", "open to all", ...(ordinaryUid === 65534 ? ["another user's"] : [])];
  test.each(traps)("is not led into a folder that is %s", async (trap) => {
    using checkout = new Checkout();
    checkout.makeReadOnly();
    const folder = join(checkout.elsewhere, `landfall-${ordinaryUid}`);
    const target = trap === "a link" ? join(checkout.elsewhere, "target") : folder;
    mkdirSync(target, { mode: 0o700 });
    if (trap !== "another user's") chownSync(target, ordinaryUid, statSync(target).gid);
    if (trap === "open to all") chmodSync(target, 0o777);
    if (trap === "a link") symlinkSync(target, folder);
    const ending = await checkout.run([], { behind });
    expect(ending.exitCode).toBe(4);
    expect(ending.stderr).toContain("not a private directory");
    expect(checkout.npmCalls()).toEqual([]);
  });

  test("is told who can help when what is installed there is out of date", async () => {
    using checkout = await installedCheckout();
    checkout.write("package-lock.json", "second\n");
    checkout.makeReadOnly();
    const ending = await checkout.run([], { behind });
    expect(ending.exitCode).toBe(4);
    expect(ending.stderr).toContain("do not match package-lock.json");
  });
});
