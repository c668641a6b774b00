/** Attaching one sandbox: in process, as a command, and into a pool that is nearly full. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { ipFromBigint, type Mac, parsePrefix } from "../../src/addr/index.ts";
import { ok } from "../../src/base/index.ts";
import type { Endpoint, Lease } from "../../src/domain/index.ts";
import type { Store } from "../../src/store/index.ts";
import { inside, type Lan, openLan, pathOf } from "../../test/support/lan.ts";
import { must } from "../../test/support/must.ts";
import { type Outcome, type Row, sideBySide, time } from "./harness.ts";
import {
  diskDirectory,
  eth0,
  lanName,
  openMemory,
  openSite,
  openSqlite,
  type Site,
  timeAttach,
} from "./site.ts";

const root = join(import.meta.dirname, "../..");
/** The program from its sources: what runs from a checkout. */
const launcher = join(root, "landfall");
const FULL = 50_000;

/** What people do today for one container: five programs, in one shell that runs on the host. */
function attachByHand(lan: Lan, n: number): number {
  using netns = lan.sandbox();
  const target = pathOf(netns);
  const enter = `nsenter --net=${target} ip`;
  const lines = [
    `ip link add h0 link p0 netns ${target} type macvlan mode bridge`,
    `${enter} link set dev h0 name eth0`,
    `${enter} addr add 10.0.0.${100 + (n % 100)}/24 dev eth0`,
    `${enter} link set dev eth0 up`,
    `${enter} route add default via 10.0.0.1`,
  ];
  const spent = timeInside(lan, "sh", "-ec", lines.join("\n"));
  inside(netns, "ip", "link", "del", "dev", "eth0");
  return spent;
}

function timeInside(lan: Lan, ...command: readonly string[]): number {
  const begin = performance.now();
  inside(lan.host, ...command);
  return performance.now() - begin;
}

async function inProcess(open: (directory: string) => Store): Promise<Outcome> {
  using lan = openLan();
  using directory = diskDirectory();
  const store = open(directory.path);
  const site = await openSite(lan, store);
  let n = 0;
  const outcome = await sideBySide(
    () => timeAttach(site),
    () => attachByHand(lan, n++),
  );
  store.close();
  return outcome;
}

/** What people install, built from these sources. */
async function asBuiltCommand(): Promise<Outcome> {
  using directory = diskDirectory();
  const program = join(directory.path, "landfall");
  const built = spawnSync("bash", [join(root, "scripts/build.sh"), program], { encoding: "utf8" });
  if (built.status !== 0) throw new Error(built.stderr);
  return await asCommand(program);
}

async function asCommand(program: string): Promise<Outcome> {
  using lan = openLan();
  using directory = diskDirectory();
  const store = openSqlite(directory.path);
  await openSite(lan, store);
  store.close();
  const state = ["--state-dir", directory.path];
  const ours = (): number => {
    using netns = lan.sandbox();
    const target = pathOf(netns);
    const spent = timeInside(lan, program, "attach", "--netns", target, lanName, ...state);
    inside(lan.host, program, "detach", "--netns", target, ...state);
    return spent;
  };
  let n = 0;
  return await sideBySide(ours, () => attachByHand(lan, n++), {
    rounds: 40,
    less: () => timeInside(lan, "/bin/true"),
  });
}

/** Without what comes before: the attach, or the link made by hand. */
async function detach(): Promise<Outcome> {
  using lan = openLan();
  const site = await openSite(lan, openMemory());
  const ours = async (): Promise<number> => {
    using netns = lan.sandbox();
    const sandbox = { netns, path: pathOf(netns) };
    must(await site.engine.attach({ network: lanName, sandbox, ifname: eth0, addresses: [] }));
    return await time(async () =>
      must(await site.engine.detach({ kind: "owner", sandbox, ifname: eth0 })),
    );
  };
  const peer = (): number => {
    using netns = lan.sandbox();
    const at = ["netns", pathOf(netns), "type", "macvlan", "mode", "bridge"];
    inside(lan.host, "ip", "link", "add", "h0", "link", "p0", ...at);
    const begin = performance.now();
    inside(netns, "ip", "link", "del", "dev", "h0");
    return performance.now() - begin;
  };
  return await sideBySide(ours, peer);
}

/** The book as it is with this many addresses given, in one transaction. */
async function fill(store: Store): Promise<void> {
  const prefix = must(parsePrefix("10.0.0.0/14"));
  const filled = await store.transact((tx) => {
    const [network] = tx.networks.all();
    if (network === undefined) throw new Error("the network is missing");
    const createdAt = new Date(0).toISOString();
    const id = "ep-full" as Endpoint["id"];
    tx.endpoints.insert({
      id,
      network: network.id,
      sandbox: { id: "full" as Endpoint["sandbox"]["id"], path: "/nowhere" },
      ifname: "eth0" as Endpoint["ifname"],
      link: {
        ifindex: 1,
        madeAs: "lffull" as Endpoint["ifname"],
        mac: "02:00:00:00:00:01" as Mac,
        alias: "landfall:bench:full" as Endpoint["link"]["alias"],
      },
      addresses: [],
      gateways: [],
      routes: [],
      state: "attached",
      createdAt,
    });
    for (let n = 0; n < FULL; n++) {
      const address = ipFromBigint(4, 0x0a000002n + BigInt(n));
      const owner = { network: network.id, endpoint: id };
      const lease = {
        segment: network.segment,
        address,
        prefix,
        ...owner,
        origin: "pool" as const,
      };
      tx.leases.insert({ ...lease, acquiredAt: createdAt } as Lease);
    }
    return ok();
  });
  must(filled);
}

/** The search begins at the pool's first address, so that it meets all that are taken. */
async function rewind(store: Store): Promise<void> {
  const rewound = await store.transact((tx) => {
    for (const { segment, subnets } of tx.networks.all()) {
      const prefix = subnets[0]?.prefix ?? must(parsePrefix("10.0.0.0/14"));
      tx.leases.setCursor({ segment, prefix, lastGiven: ipFromBigint(4, 0x0a000001n) });
    }
    return ok();
  });
  must(rewound);
}

async function timeRewound(store: Store, site: Site): Promise<number> {
  await rewind(store);
  return await timeAttach(site);
}

async function intoFullPool(): Promise<Outcome> {
  using lan = openLan();
  using directory = diskDirectory();
  const stores = ["full", "empty"].map((name) => openSqlite(join(directory.path, name)));
  const [full = openMemory(), empty = openMemory()] = stores;
  const sites = { full: await openSite(lan, full, 14), empty: await openSite(lan, empty, 14) };
  await fill(full);
  const outcome = await sideBySide(
    () => timeRewound(full, sites.full),
    () => timeRewound(empty, sites.empty),
  );
  for (const store of stores) store.close();
  return outcome;
}

async function demo(): Promise<Outcome> {
  const once = () => time(() => spawnSync(launcher, ["demo", "-q"], { stdio: "ignore" }));
  const times = [await once(), await once(), await once(), await once(), await once()];
  const at = (n: number): number => times.toSorted((a, b) => a - b)[n] ?? Number.NaN;
  return { unit: "ms", ours: { p50: at(2), p90: at(4) } };
}

export const attachRows: readonly Row[] = [
  {
    name: "attach-memory",
    what: "attach in process, book in memory | five ip commands",
    run: () => inProcess(openMemory),
  },
  {
    name: "attach-sqlite",
    what: "attach in process, book on disk | five ip commands",
    run: () => inProcess(openSqlite),
  },
  {
    name: "attach-command",
    what: "landfall attach, built | five ip commands, less true",
    run: asBuiltCommand,
  },
  {
    name: "attach-sources",
    what: "landfall attach, sources | five ip commands, less true",
    run: () => asCommand(launcher),
  },
  {
    name: "detach",
    what: "detach in process | ip link del",
    run: detach,
  },
  {
    name: "full-pool",
    what: "attach, 50,000 addresses taken | empty pool",
    bar: "1.2",
    holds: ({ ratio = Number.NaN }) => ratio <= 1.2,
    run: intoFullPool,
  },
  {
    name: "demo",
    what: "landfall demo, whole process",
    bar: "5000 ms",
    holds: ({ ours }) => ours.p50 <= 5000,
    run: demo,
  },
];
