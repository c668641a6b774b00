/**
 * What Moby's own tests of its ipvlan driver, and of macvlan on VLANs, ask of a driver, asked of
 * Landfall with a real engine on a kernel that has them. All in one boot.
 */
import { beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { cases } from "./docker-drivers/cases.ts";
import { bootUml, hasUml } from "./support/uml.ts";

const root = join(import.meta.dirname, "..");
const guest = "./test/docker-drivers/docker-drivers.guest.ts";
const script = `
export BUN_RUNTIME_TRANSPILER_CACHE_PATH=0 NO_COLOR=1
cd ${root}
"${process.execPath}" test --timeout=240000 ${guest}`;

interface Report {
  readonly name: string;
  /** What came out otherwise, and what was left behind. */
  readonly wrong: readonly string[];
}

const reports = new Map<string, Report>();
let consoleText = "";

beforeAll(async () => {
  if (!hasUml) return;
  const onLine = (line: string): void => {
    if (!line.startsWith("{")) return;
    const report: Report = JSON.parse(line);
    reports.set(report.name, report);
  };
  await using machine = bootUml({ script, memory: 2048, limitSeconds: 500, onLine });
  const ending = await machine.ended;
  consoleText = `${ending.kind}: ${ending.console}`;
}, 540_000);

test.skipIf(!hasUml).each(cases.map(({ name }) => name))("%s", (name) => {
  const { wrong } = reports.get(name) ?? { wrong: [`no report; ${consoleText}`] };
  expect(wrong).toEqual([]);
});
