import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isPrinted, type Step } from "./story.ts";

const CHECKOUT = join(import.meta.dirname, "../..");
/** Longest time for one command, in seconds: slower ones are not for a document. */
export const PATIENCE = 30;

/**
 * The machine that the documents are about, in namespaces of its own: `eth0` with 192.168.1.10/24
 * on a LAN whose router is 192.168.1.1, an empty /run and no state. Root inside can make it.
 */
const machine = `
mount -t tmpfs tmpfs /run
mkdir /run/netns
mount -t tmpfs tmpfs /var/lib
ip link set dev lo up
ip netns add router
ip link add eth0 type veth peer name eth0 netns router
ip -n router addr add 192.168.1.1/24 dev eth0
ip -n router link set dev eth0 up
ip addr add 192.168.1.10/24 dev eth0
ip link set dev eth0 up
ip route add default via 192.168.1.1
ip netns exec router ping -n -c 1 -W 5 192.168.1.10
`;

/** The PID namespace takes with it what a document leaves running. */
const isolation = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];

/** Makes the machine, then runs each command, of which the n-th leaves the files n and n.status. */
const shell = `
bash -ec "$1" >/dev/null || exit
cd "$2"
out=$3
shift 3
nth=0
for typed; do
  timeout --kill-after=5 ${PATIENCE} bash -c "$typed" >"$out/$nth" 2>&1 </dev/null
  echo "$?" >"$out/$nth.status"
  nth=$((nth + 1))
done
`;

/** Does what a document says, in a copy of the checkout; returns what was not as it says. */
export async function follow(steps: readonly Step[]): Promise<readonly string[]> {
  const place = mkdtempSync(join(tmpdir(), "landfall-reader-"));
  try {
    const [home, out] = [join(place, "home"), join(place, "out")];
    mkdirSync(out);
    furnish(home, steps);
    const commands = steps.filter((step) => step.kind === "command");
    const typed = commands.map(({ command }) => command);
    const script = ["bash", "-c", shell, "reader", machine, home, out];
    const reader = Bun.spawn(["unshare", ...isolation, "--", ...script, ...typed], {
      env: { PATH: process.env.PATH, HOME: home, LC_ALL: "C.UTF-8" },
      stdio: ["ignore", "ignore", "pipe"],
    });
    const [stderr] = await Promise.all([new Response(reader.stderr).text(), reader.exited]);
    if (!existsSync(join(out, "0"))) return [`the machine could not be made: ${stderr}`];
    return commands.flatMap((step, nth) => compare(step, readEnding(join(out, String(nth)))));
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/**
 * Makes the place where a document's commands are typed. Links, so that what it writes does
 * not land in the checkout.
 */
export function furnish(home: string, steps: readonly Step[]): void {
  mkdirSync(home);
  for (const name of readdirSync(CHECKOUT)) symlinkSync(join(CHECKOUT, name), join(home, name));
  for (const step of steps) {
    // "wx": a document that would replace a file of the checkout, or its own, is a mistake.
    if (step.kind === "file") writeFileSync(join(home, step.name), step.text, { flag: "wx" });
  }
}

/** How a command ended. */
export interface Ending {
  readonly output: string;
  readonly exitCode: number;
}

function readEnding(path: string): Ending {
  return {
    output: readFileSync(path, "utf8"),
    exitCode: Number(readFileSync(`${path}.status`, "utf8")),
  };
}

/** What was not as the document says; nothing where all was. */
export function compare(
  { line, command, prints, exitCode }: Extract<Step, { kind: "command" }>,
  ending: Ending,
): readonly string[] {
  const place = `line ${line}: ${command}`;
  if (ending.exitCode !== exitCode) {
    return [`${place}\nended with ${ending.exitCode}, not ${exitCode}:\n${ending.output}`];
  }
  if (prints === undefined || isPrinted(ending.output, prints)) return [];
  return [`${place}\nprinted:\n${ending.output}instead of:\n${prints.join("\n")}\n`];
}
