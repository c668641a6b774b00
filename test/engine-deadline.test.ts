/** An operation that takes too long is given up between two requests, and undone. */
import { expect, test } from "bun:test";
import { minutes, seconds } from "../src/base/index.ts";
import type { NetnsHandle, Platform, Socket } from "../src/platform/index.ts";
import { childrenIn, type FakeHost, request } from "./support/fake-host.ts";
import { codeOf, must } from "./support/must.ts";
import {
  eth0,
  killedWhen,
  lan,
  modesOf,
  type NetSite,
  openBusySite,
  stateOf,
} from "./support/net-site.ts";

/** A platform on which the n-th request to the kernel takes three minutes. */
function slowAt({ platform, kernel }: FakeHost, at: number): SlowPlatform {
  let requests = 0;
  const links: number[] = [];
  const { clock, sockets } = platform;
  const slow = (socket: Socket): Socket => ({
    ...socket,
    send: (bytes, to) => {
      requests += 1;
      const sent = socket.send(bytes, to);
      // The fake clock goes on at once.
      if (requests === at) void clock.sleep(minutes(3));
      if (requests >= at) links.push(childrenIn(kernel).length);
      return sent;
    },
  });
  return {
    ...platform,
    sockets: {
      open: (netns, spec) => {
        const socket = sockets.open(netns, spec);
        return socket.ok ? { ok: true, value: slow(socket.value) } : socket;
      },
    },
    requests: () => requests,
    links,
  };
}

interface SlowPlatform extends Platform {
  readonly requests: () => number;
  /** How many links there were after the slow request, and after each that followed. */
  readonly links: readonly number[];
}

const works = {
  attach: ({ spare }, engine) => engine.attach(request(spare)),
  detach: ({ sandbox }, engine) =>
    engine.detach({
      kind: "owner",
      sandbox: { netns: sandbox, path: `/proc/self/fd/${sandbox.fd}` },
      ifname: eth0,
    }),
  "net set": (_site, engine) => engine.updateNetwork({ name: lan, mode: "vepa" }),
} satisfies Record<string, Work>;

interface Site extends NetSite {
  /** Of the first endpoint. */
  readonly sandbox: NetnsHandle;
  readonly spare: NetnsHandle;
}
async function openSite(): Promise<Site> {
  const site = await openBusySite();
  return { ...site, spare: site.host.sandbox() };
}

type Work = (
  site: Site,
  engine: Site["engine"],
) => ReturnType<Site["engine"]["attach" | "updateNetwork"]>;

/** How the operation ended with each request in turn taking too long. */
async function endsOf(work: Work): Promise<readonly string[]> {
  const ends: string[] = [];
  for (let at = 1; at < 60; at++) {
    using site = await openSite();
    const before = await stateOf(site);
    const platform = slowAt(site.host, at);
    const result = await work(site, site.engineOn({ platform }));
    if (platform.requests() < at) return ends;
    ends.push(codeOf(result));
    if (result.ok) continue;
    expect([at, result.error.facts.seconds]).toEqual([at, 180]);
    expect([at, await stateOf(site)]).toEqual([at, before]);
    expect([at, Math.max(...platform.links)]).toEqual([at, platform.links[0] ?? 0]);
  }
  throw new Error("the walk does not end");
}

test("an attach is given up wherever a request comes after, and undone", async () => {
  const ends = await endsOf(works.attach);
  // Before the intent there is no deadline, and after the last batch nothing is left to give up.
  const middle = ends.slice(ends.indexOf("LF-DEADLINE"), ends.lastIndexOf("LF-DEADLINE") + 1);
  expect(new Set(middle)).toEqual(new Set(["LF-DEADLINE"]));
  expect(middle.length).toBeGreaterThanOrEqual(1);
  expect(ends.at(-1)).toBe("done");
});

test("a change is given up within a link and between two, and undone", async () => {
  const ends = await endsOf(works["net set"]);
  expect(ends).toEqual(["LF-DEADLINE", "LF-DEADLINE", "LF-DEADLINE", "done"]);
});

test("a deletion that has begun is finished", async () => {
  const ends = await endsOf(works.detach);
  expect(new Set(ends)).toEqual(new Set(["done"]));
});

test("a detach whose turn to the kernel comes too late leaves the endpoint as it was", async () => {
  using site = await openSite();
  const { host } = site;
  const before = await stateOf(site);
  const store: typeof host.store = {
    ...host.store,
    transact: async (decide) => {
      const result = await host.store.transact(decide);
      const begun = await host.store.transact((tx) => ({ ok: true, value: tx.operations.all() }));
      if (must(begun).length > 0) void host.platform.clock.sleep(minutes(3));
      return result;
    },
  };
  const result = await works.detach(site, site.engineOn({ store }));
  expect(codeOf(result)).toBe("LF-DEADLINE");
  expect(await stateOf(site)).toEqual(before);
});

test("what a dead process began is ended however long ago that was", async () => {
  using site = await killedWhen(
    () => openBusySite(),
    (engine) => engine.updateNetwork({ name: lan, mode: "vepa" }),
    async (found) => new Set(modesOf(found)).size === 2,
  );
  void site.host.platform.clock.sleep(seconds(3600));
  must(await site.engine.reconcile());
  expect(modesOf(site)).toEqual(["bridge", "bridge"]);
  expect(must(await site.engine.status())).toEqual([]);
});
