/**
 * What Moby's own tests of its ipvlan driver, and of macvlan on VLANs, ask of a driver, asked of
 * Landfall with a real engine on a kernel that has them. All in one boot.
 */
import { beforeAll, expect, test } from "bun:test";
import { cases } from "./docker-drivers/cases.ts";
import { type GuestReports, readGuestReports } from "./support/guest-tests.ts";
import { hasUml } from "./support/uml.ts";

const guest = "test --timeout=240000 ./test/docker-drivers/docker-drivers.guest.ts";

interface Report {
  readonly name: string;
  /** What came out otherwise, and what was left behind. */
  readonly wrong: readonly string[];
}

let reports: GuestReports<Report> = { byName: new Map(), console: "not begun" };

beforeAll(async () => {
  if (hasUml) reports = await readGuestReports(guest, { memory: 2048, limitSeconds: 500 });
}, 540_000);

test.skipIf(!hasUml).each(cases.map(({ name }) => name))("%s", (name) => {
  const { wrong } = reports.byName.get(name) ?? { wrong: [`no report; ${reports.console}`] };
  expect(wrong).toEqual([]);
});
