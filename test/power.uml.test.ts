/**
 * The power goes while addresses are given: a user-mode kernel with the state on a disk image is
 * killed at random moments, and boots again on the same image. What its kernel had not given
 * to the disk is lost; what the disk took is kept, as by a disk whose cache has a battery. Who
 * keeps the ledger is outside, and hears of a move only after its commit has returned.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Held, openPowerLedger, type PowerLedger, type Told } from "./support/power-ledger.ts";
import type { Found } from "./support/power-worker.ts";
import { drawsFrom } from "./support/storm.ts";
import { bootUml, hasUml, type UmlEnding } from "./support/uml.ts";

/** More cuts by hand: POWER_CUTS=50 POWER_SEED=7 npm test -- power */
const CUTS = Number(process.env.POWER_CUTS ?? 3);
const SEED = Number(process.env.POWER_SEED ?? 20261122);
/** One cut in so many comes while the machine still recovers from the one before. */
const RECOVERY_EVERY = 4;
const RECOVERY_MS = 800;
const STORM_MS = 800;
const SANDBOXES = ["a", "b", "c"];
const DISK_BYTES = 32 << 20;

const directory = mkdtempSync(join(tmpdir(), "landfall-power-"));
const workerFile = join(directory, "worker.js");
const below = drawsFrom(SEED);

/** Runs a program to its end; a status above the allowed one is a failure of the test. */
function run(command: readonly string[], statusMax = 0): void {
  const [program = "", ...args] = command;
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: "utf8", env });
  if (error) throw error;
  if (status === null || status > statusMax) {
    throw new Error(`${command.join(" ")}: ${status} ${stdout}${stderr}`);
  }
}

beforeAll(async () => {
  const entrypoints = [join(import.meta.dirname, "support/power-worker.ts")];
  const built = await Bun.build({ entrypoints, target: "bun", minify: true });
  writeFileSync(workerFile, (await built.outputs[0]?.text()) ?? "");
}, 180_000);

afterAll(() => {
  rmSync(directory, { recursive: true });
});

function makeDisk(name: string): string {
  const path = join(directory, name);
  writeFileSync(path, "");
  truncateSync(path, DISK_BYTES);
  run(["mkfs.ext4", "-q", "-E", "root_owner=0:0", path]);
  return path;
}

/** What a storm meets because of itself: the link is there already, or it is not. */
const expectedRefusals = new Set(["LF-ENDPOINT-MISSING", "LF-IFNAME-TAKEN"]);

interface Boot {
  readonly disk: string;
  readonly ledger: PowerLedger;
  readonly life: "first" | "later" | "last";
  readonly seed: number;
  /** When the power goes: so long after the machine began this. */
  readonly cut?: { readonly after: "collecting" | "attached"; readonly wait: number };
  /** Instead of FULL, for the storm only. */
  readonly synchronous?: "NORMAL";
}

function guestScript({ life, seed, synchronous }: Boot): string {
  const paths = SANDBOXES.map((name) => `/run/netns/${name}`).join(" ");
  const weak = synchronous === undefined ? "" : `LANDFALL_TEST_SYNCHRONOUS=${synchronous}`;
  return `
mkdir /run/state
mount -t ext4 /dev/ubda /run/state
ip link add p0 type veth peer name m0
ip link set p0 up
ip link set m0 up
for name in ${SANDBOXES.join(" ")}; do ip netns add $name; done
export BUN_RUNTIME_TRANSPILER_CACHE_PATH=0 ${weak}
${process.execPath} ${workerFile} /run/state/landfall ${seed} ${life} ${paths}
umount /run/state
`;
}

/** What one life of the machine told. */
interface Life {
  readonly ending: UmlEnding;
  readonly complaints: readonly string[];
  readonly found: readonly Found[];
  readonly refusals: readonly string[];
}

/** A row of `landfall lease ls --format jsonl`. */
interface LeaseLine {
  readonly lease: Held & { readonly state: "held" | "resting" };
}

async function live(boot: Boot): Promise<Life> {
  const { ledger, cut } = boot;
  const book: Held[] = [];
  const complaints: string[] = [];
  const found: Found[] = [];
  const refusals: string[] = [];
  let plug: NodeJS.Timeout | undefined;
  const hear = (line: string): void => {
    const told: Told | Found | LeaseLine = JSON.parse(line);
    if ("lease" in told) {
      if (told.lease.state === "held") book.push(told.lease);
      return;
    }
    if (told.kind === cut?.after) plug ??= setTimeout(() => void machine.cutPower(), cut.wait);
    if (told.kind === "refused" && !expectedRefusals.has(told.code)) {
      refusals.push(`${told.code}: ${told.detail}`);
      void machine.cutPower();
    }
    if (told.kind === "collecting") complaints.push(...ledger.audit(book));
    if (told.kind === "found") found.push(told);
    else ledger.hear(told);
  };
  const script = guestScript(boot);
  await using machine = bootUml({
    ...{ script, disks: [boot.disk], limitSeconds: 200 },
    onLine: hear,
  });
  const ending = await machine.ended;
  clearTimeout(plug);
  return { ending, complaints, found, refusals };
}

/** The file system's own journal makes it whole, with nothing to repair; tried on a copy. */
function expectWholeFileSystem(disk: string): void {
  const copy = `${disk}-copy`;
  copyFileSync(disk, copy);
  // 1: it removed a file that had no name any more.
  run(["fsck.ext4", "-p", copy], 1);
  run(["fsck.ext4", "-n", "-f", copy]);
  rmSync(copy);
}

const whole: Found = {
  ...{ kind: "found", integrity: ["ok"], foreignKeys: [] },
  ...{ findings: [], operations: [], endpoints: [] },
};

test.skipIf(!hasUml)(
  `${CUTS} power cuts (seed ${SEED}) undo nothing that was acknowledged`,
  async () => {
    const [disk, ledger] = [makeDisk("disk"), openPowerLedger()];
    for (let cut = 0; cut < CUTS; cut++) {
      const recovers = cut % RECOVERY_EVERY === RECOVERY_EVERY - 1;
      const { ending, complaints, found, refusals } = await live({
        ...{ disk, ledger, seed: SEED + cut, life: cut === 0 ? "first" : "later" },
        cut: recovers
          ? { after: "collecting", wait: below(RECOVERY_MS) }
          : { after: "attached", wait: below(STORM_MS) },
      });
      expect([cut, complaints]).toEqual([cut, []]);
      expect([cut, found]).toEqual([cut, found.map(() => whole)]);
      expect([cut, refusals]).toEqual([cut, []]);
      if (ending.kind !== "cut") throw new Error(`cut ${cut}: ${ending.kind}\n${ending.console}`);
      expectWholeFileSystem(disk);
    }
    const last = await live({ disk, ledger, seed: SEED, life: "last" });
    console.log(`${CUTS} power cuts, ${ledger.acknowledged()} acknowledged moves`);
    expect(last).toMatchObject({ ending: { kind: "finished", status: 0 }, complaints: [] });
    expect(last.found).toEqual([whole]);
    run(["fsck.ext4", "-n", "-f", disk]);
    expect(ledger.acknowledged()).toBeGreaterThan(CUTS);
  },
  3_600_000,
);

test.skipIf(!hasUml)(
  "with a store that does not wait for the disk, a power cut is seen to undo something",
  async () => {
    const [disk, ledger] = [makeDisk("weak-disk"), openPowerLedger()];
    const weak = { disk, ledger, seed: SEED, synchronous: "NORMAL" } as const;
    await live({ ...weak, life: "first", cut: { after: "attached", wait: 300 } });
    const { ending, complaints } = await live({ ...weak, life: "last" });
    expect(ending).toMatchObject({ kind: "finished", status: 0 });
    expect(complaints.filter((complaint) => complaint.startsWith("lost"))).not.toEqual([]);
  },
  300_000,
);
