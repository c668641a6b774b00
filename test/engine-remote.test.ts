import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { type Ip, type Mac, parseIp, parseMac } from "../src/addr/index.ts";
import { apiSocket, findDaemon, loadRoutes } from "../src/api/index.ts";
import { apiServer } from "../src/daemon/index.ts";
import type { EndpointId, IfName, NetworkName, WorkloadName } from "../src/domain/index.ts";
import { listen } from "../src/door/index.ts";
import type { Engine } from "../src/engine/index.ts";
import type { NetnsHandle } from "../src/platform/index.ts";
import { type FakeHost, network, openFakeHost, request } from "./support/fake-host.ts";
import { must } from "./support/must.ts";

/** An engine on a fake host, asked directly or through a daemon's socket. */
interface Site extends AsyncDisposable {
  readonly host: FakeHost;
  readonly engine: Engine;
  readonly sandboxes: readonly NetnsHandle[];
}

const directory = mkdtempSync(join(tmpdir(), "landfall-api-"));
afterAll(() => rmSync(directory, { recursive: true }));

const api = await loadRoutes();

function openDirect(): Site {
  const host = openFakeHost();
  const sandboxes = [host.sandbox(), host.sandbox(), host.sandbox()];
  return {
    host,
    engine: host.engine,
    sandboxes,
    [Symbol.asyncDispose]: async () => host[Symbol.dispose](),
  };
}

async function openRemote(): Promise<Site> {
  const { host, sandboxes } = openDirect();
  const runDirectory = mkdtempSync(join(directory, "run-"));
  const namespace = String(host.netns.cookie);
  const server = apiServer({
    engine: host.engine,
    // The handle that the path names, as if it had been opened once more.
    openNamespace: (path) => {
      const meant = sandboxes.find((netns) => path.endsWith(`/${netns.fd}`));
      if (meant === undefined) return { ok: false, error: { errno: "ENOENT", call: path } };
      return { ok: true, value: { ...meant, close: () => {}, [Symbol.dispose]: () => {} } };
    },
    info: { version: "0", pid: process.pid, stateDirectory: "/s", namespace },
    api,
    signal: new AbortController().signal,
    onBug: (bug) => {
      throw bug;
    },
  });
  const listener = must(listen(apiSocket(runDirectory), server.fetch));
  const found = must(await findDaemon({ runDirectory, namespace }));
  if (found === undefined) throw new Error("nobody listens");
  return {
    ...{ host, sandboxes, engine: found.engine },
    [Symbol.asyncDispose]: async () => {
      await listener.stop();
      host[Symbol.dispose]();
    },
  };
}

type Step = (site: Site) => Promise<unknown>;

const name = fc.constantFrom("lan", "lab", "l.n") as fc.Arbitrary<NetworkName>;
const ifname = fc.constantFrom("eth0", "eth1") as fc.Arbitrary<IfName>;
const sandbox = fc.constantFrom(0, 1, 2);
const address = fc.constantFrom("10.0.0.9", "10.0.0.10", "10.1.0.9", "fd00::9");
const mac = fc.constantFrom("02:00:00:00:00:09", "01:00:00:00:00:01");

const netnsOf = (site: Site, index: number): NetnsHandle => {
  const netns = site.sandboxes[index];
  if (netns === undefined) throw new Error(`no sandbox ${index}`);
  return netns;
};

const create: fc.Arbitrary<Step> = fc
  .record({
    name: fc.constantFrom("lan", "lab"),
    parent: fc.constantFrom("p0", "p1", "p9"),
    subnets: fc.constantFrom(["10.0.0.0/24", "fd00::/64"], ["10.1.0.0/29"]),
    gateways: fc.constantFrom([], ["10.0.0.1"], ["10.1.0.1"]),
    ranges: fc.constantFrom([], ["10.0.0.64/30"]),
  })
  .chain((words) => {
    try {
      const spec = network(words);
      return fc.constant<Step>(({ engine }) => engine.createNetwork(spec));
    } catch {
      return fc.constant<Step>(({ engine }) => engine.listNetworks());
    }
  });

/** So that most steps meet a network. */
const createLan: Step = ({ engine }) => engine.createNetwork(network());

const attach: fc.Arbitrary<Step> = fc
  .record(
    { network: name, ifname, sandbox, address, mac, workload: fc.constantFrom("web", "db") },
    { requiredKeys: ["network", "ifname", "sandbox"] },
  )
  .map((wish): Step => {
    const change = {
      network: wish.network,
      ifname: wish.ifname,
      addresses: wish.address === undefined ? [] : [must(parseIp(wish.address)) as Ip],
      ...(wish.mac === undefined ? {} : { mac: must(parseMac(wish.mac)) as Mac }),
      ...(wish.workload === undefined ? {} : { workload: wish.workload as WorkloadName }),
    };
    return (site) => site.engine.attach(request(netnsOf(site, wish.sandbox), change));
  });

const detach: fc.Arbitrary<Step> = fc.record({ sandbox, ifname }).map(
  ({ sandbox: index, ifname }): Step =>
    (site) => {
      const netns = netnsOf(site, index);
      const handle = { netns, path: `/proc/self/fd/${netns.fd}` };
      return site.engine.detach({ kind: "owner", sandbox: handle, ifname });
    },
);

const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: create, weight: 3 },
  { arbitrary: attach, weight: 6 },
  { arbitrary: detach, weight: 2 },
  name.map(
    (name): Step =>
      ({ engine }) =>
        engine.inspectNetwork(name),
  ),
  name.map(
    (name): Step =>
      ({ engine }) =>
        engine.removeNetwork(name),
  ),
  fc.record({ name, mode: fc.constantFrom("private", "passthru", "odd") }).map(
    (change): Step =>
      ({ engine }) =>
        engine.updateNetwork(change),
  ),
  address.map(
    (text): Step =>
      ({ engine }) =>
        engine.releaseLease({ address: must(parseIp(text)) }),
  ),
  fc.constantFrom<Step>(
    ({ engine }) => engine.listNetworks(),
    ({ engine }) => engine.listEndpoints(),
    ({ engine }) => engine.listLeases(),
    ({ engine }) => engine.status(),
    ({ engine }) => engine.reconcile(),
    ({ engine }) => engine.detach({ kind: "id", id: "ep-0/?#" as EndpointId }),
    async ({ engine }) => {
      const listed = must(await engine.listEndpoints());
      const [first] = listed;
      return first && (await engine.detach({ kind: "id", id: first.endpoint.id }));
    },
  ),
);

/** What a Problem says of itself; undefined facts are absent in JSON, which says the same. */
const plain = (answer: unknown): unknown =>
  JSON.parse(
    JSON.stringify(answer ?? null, (_, value) => (typeof value === "bigint" ? `${value}n` : value)),
  );

test("an engine answers the same through a daemon as when it is asked directly", async () => {
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 25 }), async (steps) => {
      await using direct = openDirect();
      await using remote = await openRemote();
      for (const act of [createLan, ...steps]) {
        const [expected, told] = [await act(direct), await act(remote)];
        expect(plain(told)).toEqual(plain(expected));
        const { ok, error } = (expected ?? {}) as { ok?: boolean; error?: { code: string } };
        seen.add(ok === true ? "ok" : String(error?.code));
      }
      expect(remote.host.kernel.describe()).toEqual(direct.host.kernel.describe());
    }),
    { numRuns: Number(process.env.API_RUNS ?? 40) },
  );
  // What was compared was not all of one kind.
  expect(seen).toContain("ok");
  expect(seen.size).toBeGreaterThan(6);
}, 30_000);
