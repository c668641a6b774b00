/**
 * A small checkout in a temporary folder: the real launcher, a main.ts that tells what it was
 * given, and in front of PATH an `npm` that installs in no time, fails or dawdles.
 */
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const repository = join(import.meta.dirname, "../..");
const isRoot = process.getuid?.() === 0;

/** A user who is not root, and owns nothing in a checkout that root made. */
export const ordinaryUid = isRoot ? 65534 : (process.getuid?.() ?? 0);

/** The command that runs what follows as that user. */
export const asOrdinaryUser: readonly string[] = isRoot
  ? ["setpriv", `--reuid=${ordinaryUid}`, `--regid=${ordinaryUid}`, "--clear-groups"]
  : [];

/** What main.ts in the checkout prints. */
export interface Told {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly version: string;
  readonly evil: string | undefined;
  readonly pid: number;
}

export interface Ending {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface StartOptions {
  /** Default: the checkout's launcher by its absolute path. */
  readonly program?: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The words of a command that becomes the launcher. */
  readonly behind?: readonly string[];
}

/** The `version` that main.ts prints comes from the package `told` in node_modules. */
const mainText = `import { version } from "told";
const { pid, env } = process;
const argv = process.argv.slice(2);
process.on("SIGTERM", () => process.exit(41)).on("SIGINT", () => process.exit(42));
console.log(JSON.stringify({ argv, cwd: process.cwd(), version, evil: env.EVIL, pid }));
if (argv[0] === "wait") await Bun.sleep(20_000);
process.exit(argv[0] === "exit" ? Number(argv[1]) : 0);
`;

/** In $NPM_STUB: Bun to hand out, and the files through which a test and this speak. */
const npmText = `#!/bin/sh
echo $$ >"$NPM_STUB/pid"
read -r mode <"$NPM_STUB/mode"
mkdir -p node_modules/told node_modules/bun/bin node_modules/@oven/bun-linux-x64/bin
echo "$*" >>"$NPM_STUB/calls"
: >>package-lock.json || exit
if [ "$mode" = fail ]; then echo "npm's own words"; exit 1; fi
while [ "$mode" = dawdle ] && [ ! -e "$NPM_STUB/enough" ]; do sleep 0.02; done
echo 'export const version = "'"$(cksum <package-lock.json)"'";' >node_modules/told/index.js
echo '{"type":"module","main":"index.js"}' >node_modules/told/package.json
ln "$NPM_STUB/bun" node_modules/@oven/bun-linux-x64/bin/bun 2>/dev/null ||
  cp "$NPM_STUB/bun" node_modules/@oven/bun-linux-x64/bin/bun
touch node_modules/.package-lock.json
`;

/** `dawdle` installs once the test says that it is enough. */
export type NpmMode = "install" | "dawdle" | "fail";

/** See the head of this file. Disposing removes the folder. */
export class Checkout implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "landfall-launcher-"));
  readonly root = join(this.folder, "checkout");
  readonly launcher = join(this.root, "landfall");
  readonly modules = join(this.root, "node_modules");
  /** A place outside that everybody may write. */
  readonly elsewhere = join(this.folder, "elsewhere");
  readonly #stub = join(this.folder, "stub");

  constructor() {
    chmodSync(this.folder, 0o755);
    for (const path of [this.elsewhere, this.#stub]) mkdirSync(path);
    chmodSync(this.elsewhere, 0o777);
    for (const path of ["landfall", "scripts/dependencies.sh", "package.json"]) {
      mkdirSync(dirname(join(this.root, path)), { recursive: true });
      cpSync(join(repository, path), join(this.root, path));
    }
    this.write("src/main.ts", mainText);
    this.write("package-lock.json", "first\n");
    this.#provideBun();
    this.writeProgram("npm", npmText);
    this.writeProgram("node", "#!/bin/sh\nexit 1\n");
    for (const name of ["calls", "pid"]) {
      writeFileSync(join(this.#stub, name), "");
      chmodSync(join(this.#stub, name), 0o666);
    }
    this.setNpm("install");
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    writeFileSync(join(this.root, path), text);
  }

  /** Puts a program in front of PATH. */
  writeProgram(name: string, text: string): void {
    writeFileSync(join(this.#stub, name), text);
    chmodSync(join(this.#stub, name), 0o755);
  }

  setNpm(mode: NpmMode): void {
    writeFileSync(join(this.#stub, "mode"), `${mode}\n`);
  }

  endDawdling(): void {
    writeFileSync(join(this.#stub, "enough"), "");
  }

  /** Whether the last npm that was started still runs. */
  isNpmRunning(): boolean {
    return existsSync(join("/proc", readFileSync(join(this.#stub, "pid"), "utf8").trim()));
  }

  /** The arguments of each run of npm so far. */
  npmCalls(): readonly string[] {
    const calls = readFileSync(join(this.#stub, "calls"), "utf8");
    return calls.split("\n").filter((line) => line !== "");
  }

  start(
    args: readonly string[],
    options: StartOptions = {},
  ): Bun.Subprocess<"ignore", "pipe", "pipe"> {
    const { program = this.launcher, cwd = this.elsewhere, env = {}, behind = [] } = options;
    return Bun.spawn([...behind, program, ...args], {
      cwd,
      env: {
        PATH: `${this.#stub}:/usr/sbin:/usr/bin:/sbin:/bin`,
        HOME: "/nonexistent",
        TMPDIR: this.elsewhere,
        NPM_STUB: this.#stub,
        ...env,
      },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
  }

  run(args: readonly string[], options: StartOptions = {}): Promise<Ending> {
    return endingOf(this.start(args, options));
  }

  /** Nobody may write the checkout from now on, unless he is root. */
  makeReadOnly(): void {
    Bun.spawnSync(["chmod", "-R", "a-w", this.root]);
  }

  [Symbol.dispose](): void {
    Bun.spawnSync(["chmod", "-R", "u+w", this.folder]);
    rmSync(this.folder, { recursive: true });
  }

  #provideBun(): void {
    const bun = join(this.#stub, "bun");
    try {
      linkSync(process.execPath, bun);
    } catch {
      copyFileSync(process.execPath, bun);
    }
  }
}

async function endingOf(child: Bun.Subprocess<"ignore", "pipe", "pipe">): Promise<Ending> {
  const texts = [new Response(child.stdout).text(), new Response(child.stderr).text()] as const;
  const [exitCode, stdout, stderr] = await Promise.all([child.exited, ...texts]);
  return { exitCode, stdout, stderr };
}

/** What main.ts said. */
export function toldBy({ stdout }: Ending): Told {
  return JSON.parse(stdout) as Told;
}

/** Waits until something is true; the test's own time limit ends it otherwise. */
export async function until(isTrue: () => unknown): Promise<void> {
  while (!isTrue()) await Bun.sleep(10);
}
