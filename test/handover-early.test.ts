/** A runtime hears of its link before the outcome is recorded, and of what goes wrong then. */
import { expect, test } from "bun:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type Ip, parseIp, parsePrefix } from "../src/addr/index.ts";
import { err, millis } from "../src/base/index.ts";
import { type NetworkName, parentMissing } from "../src/domain/index.ts";
import { memoryLocks, openEngine } from "../src/engine/index.ts";
import { deleteLink } from "../src/netlink/index.ts";
import { type Store, stateFull } from "../src/store/index.ts";
import { bookOf, childrenIn, type FakeHost, network, openFakeHost } from "./support/fake-host.ts";
import { Killer, outcomeOf } from "./support/killer.ts";
import { codeOf, must } from "./support/must.ts";

const id = "e".repeat(64);
const addresses: readonly Ip[] = ["10.0.0.9", "fd00::9"].map((text) => must(parseIp(text)));
const wish = { network: "lan" as NetworkName, runtimeId: id, addresses };
const path = "/run/docker/netns/1";

function engineOn(host: FakeHost, parts: Partial<Parameters<typeof openEngine>[0]> = {}) {
  const { platform, netns: hostNamespace, store } = host;
  return openEngine({ ...{ platform, hostNamespace, store }, ...parts });
}

const states = async ({ store }: FakeHost) =>
  (await bookOf(store)).endpoints.map(({ state }) => state);

/** A store in which no outcome of an attach can be recorded. */
function withoutOutcomes(store: Store): Store {
  const refusal = stateFull({ path: "landfall.db-wal", code: "ENOSPC", message: "full" });
  return {
    ...store,
    transact: async (decide, survives) =>
      survives === "process-end" ? err(refusal) : await store.transact(decide, survives),
  };
}

test("the answer comes when the link is there, and the outcome is recorded after it", async () => {
  using host = openFakeHost("sqlite");
  must(await host.engine.createNetwork(network()));
  const early = must(await host.engine.handover.prepare(wish));
  expect(childrenIn(host.kernel)).toHaveLength(1);
  expect(await states(host)).toEqual(["attaching"]);
  await nextTurn();
  expect(await states(host)).toEqual(["attached"]);
  // Nothing that was told early is otherwise in the end.
  const [row] = must(await host.engine.listEndpoints());
  expect({ ...early.endpoint }).toEqual({ ...row?.endpoint } as typeof early.endpoint);
  expect(early.network).toBe(wish.network);
});

test("the parent is looked at once for those who come in a moment, and then again", async () => {
  using host = openFakeHost("sqlite");
  const { handover } = host.engine;
  must(await host.engine.createNetwork(network()));
  const prefix = must(parsePrefix("10.0.0.0/24"));
  const claim = () => handover.claim({ network: wish.network, prefix });
  must(await claim());
  host.run(host.netns, deleteLink({ ifindex: 2, name: "p0" }));
  must(await claim());
  // Who relies on it hears what the kernel says.
  expect((await handover.prepare(wish)).ok).toBe(false);
  await host.platform.clock.sleep(millis(150));
  expect(codeOf(await claim())).toBe(parentMissing.code);
  expect(await states(host)).toEqual([]);
});

test("whoever comes next waits for the outcome", async () => {
  using host = openFakeHost("sqlite");
  const { handover } = host.engine;
  must(await host.engine.createNetwork(network()));
  must(await handover.prepare(wish));
  expect(must(await handover.expectIn(id, path)).endpoint.sandbox.path).toBe(path);
  expect(await states(host)).toEqual(["attached"]);
  must(await handover.withdraw(id));
  must(await handover.prepare(wish));
  must(await handover.prepare(wish));
  expect(await states(host)).toEqual(["attached"]);
  must(await handover.withdraw(id));
  must(await handover.prepare(wish));
  must(await handover.withdraw(id));
  expect([await states(host), childrenIn(host.kernel)]).toEqual([[], []]);
});

test("an outcome that cannot be recorded is told to whoever comes next, once", async () => {
  using host = openFakeHost("sqlite");
  must(await host.engine.createNetwork(network()));
  const { handover } = engineOn(host, { store: withoutOutcomes(host.store) });
  must(await handover.prepare(wish));
  expect(codeOf(await handover.expectIn(id, path))).toBe(stateFull.code);
  expect(childrenIn(host.kernel)).toEqual([]);
  must(await host.engine.handover.withdraw(id));
  expect(await states(host)).toEqual([]);
  // Also to who comes when it is over, and not to who only asks for the end.
  must(await handover.prepare(wish));
  await nextTurn();
  expect(codeOf(await handover.expectIn(id, path))).toBe(stateFull.code);
  must(await host.engine.handover.withdraw(id));
  must(await handover.prepare(wish));
  await nextTurn();
  must(await host.engine.reconcile());
  must(await handover.withdraw(id));
  expect(await states(host)).toEqual([]);
});

test("a daemon that is killed at any point after its answer has made the endpoint", async () => {
  let at = 1;
  const heard = new Set<boolean>();
  for (; at < 200; at++) {
    using host = openFakeHost("sqlite");
    const locks = memoryLocks();
    must(await host.engine.createNetwork(network()));
    const killer = new Killer(at);
    const mortal = engineOn(host, {
      ...{ platform: killer.platform(host.platform), store: killer.store(host.store), locks },
    });
    let answered = false;
    const life = async () => {
      must(await mortal.handover.prepare(wish));
      answered = true;
      return await mortal.handover.expectIn(id, path);
    };
    const end = await outcomeOf(life());
    await nextTurn();
    const { handover } = engineOn(host, { locks });
    if (answered) must(await handover.expectIn(id, path));
    if (answered) expect([at, await states(host)]).toEqual([at, ["attached"]]);
    must(await handover.withdraw(id));
    expect([at, await states(host), childrenIn(host.kernel)]).toEqual([at, [], []]);
    heard.add(answered);
    if (end === "ended") break;
  }
  expect(at).toBeGreaterThan(12);
  expect([...heard]).toEqual([false, true]);
});
