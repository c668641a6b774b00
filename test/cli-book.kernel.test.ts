/** The address book by the real command line, with `ip -j` as the witness of what endpoints have. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { openLan, pathOf, seenAddresses, seenLinks } from "./support/lan.ts";
import { type Ending, openProgramHost, problemOf } from "./support/program.ts";

// A test is up to a dozen runs of the program, on a machine that may be busy.
setDefaultTimeout(60_000);

function documentOf({ exitCode, stdout, stderr }: Ending): unknown {
  if (exitCode !== 0) throw new Error(`ended with ${exitCode}: ${stderr}`);
  return JSON.parse(stdout);
}

interface ToldLease {
  readonly address: string;
  readonly state: string;
  readonly workload?: string;
  readonly until?: string;
}

test("a workload comes back to its address, and a reserved one is only its own", async () => {
  using lan = openLan();
  using host = openProgramHost(lan.host);
  const options = ["--subnet", "10.0.0.0/24", "--reserve", "db=10.0.0.77"];
  documentOf(await host.run("net", "create", "lan", "--parent", "p0", ...options));
  const attach = async (...more: readonly string[]) => {
    const sandbox = lan.sandbox();
    const ending = await host.run("attach", "lan", "--netns", pathOf(sandbox), ...more);
    return { sandbox, ending, has: () => seenAddresses(sandbox, "eth0") };
  };
  const idOf = (ending: Ending) => (documentOf(ending) as { endpoint: { id: string } }).endpoint.id;
  const leases = async () =>
    (documentOf(await host.run("lease", "ls")) as { leases: ToldLease[] }).leases;

  const web = await attach("--name", "web");
  const [address = "none"] = web.has();
  documentOf(await host.run("detach", idOf(web.ending)));
  expect(seenLinks(web.sandbox)).toEqual([]);
  const plain = address.replace("/24", "");
  expect(await leases()).toMatchObject([{ address: plain, state: "resting", workload: "web" }]);
  const [{ until } = {}] = await leases();
  const left = Date.parse(until ?? "") - Date.now();
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThanOrEqual(60_000);

  const other = await attach();
  expect(other.has()).not.toEqual([address]);
  const again = await attach("--name", "web");
  expect(again.has()).toEqual([address]);
  const held = await host.run("lease", "release", plain);
  expect(problemOf(held)).toMatchObject({ code: "LF-LEASE-HELD" });

  const thief = await attach("--ip", "10.0.0.77");
  expect(problemOf(thief.ending)).toMatchObject({ code: "LF-ADDRESS-RESERVED" });
  const db = await attach("--name", "db");
  expect(db.has()).toEqual(["10.0.0.77/24"]);
  documentOf(await host.run("detach", idOf(db.ending)));
  expect(documentOf(await host.run("lease", "release", "10.0.0.77"))).toMatchObject({
    leases: [{ address: "10.0.0.77", state: "resting" }],
  });
  expect((await leases()).map((row) => row.state)).toEqual(["held", "held"]);
});
