import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { inside, openLan, seenLinks, tryInside } from "../../test/support/lan.ts";
import type { NetnsHandle } from "../platform/index.ts";
import { must } from "./fixtures/values.ts";
import { addLink, deleteLink, deleteLinkAside, getLink, openRtnetlink, setLink } from "./index.ts";

const c0 = { ifindex: 1000, name: "c0" };

/** A LAN, and sandboxes in which the macvlan c0 of p0 can be made again and again. */
function openSandboxes(count: number) {
  const lan = openLan();
  const host = must(openRtnetlink(lan.platform, lan.host));
  const parent = { ifindex: must(host.request(getLink({ name: "p0" }))).ifindex };
  const sandboxes = Array.from({ length: count }, () => must(lan.platform.namespaces.create()));
  const fill = (netns: NetnsHandle): void => {
    const made = { ...c0, parent, netns: { fd: netns.fd } };
    must(host.request(addLink({ kind: "macvlan", mode: { kind: "bridge" }, ...made })));
    using talk = must(openRtnetlink(lan.platform, netns));
    must(talk.request(setLink({ link: c0, state: "up" })));
  };
  return {
    ...{ lan, sandboxes, fill },
    [Symbol.dispose]: () => {
      host.close();
      for (const netns of sandboxes) netns.close();
      lan[Symbol.dispose]();
    },
  };
}

/** How long the event loop stood still at most while `work` went on. */
async function longestStall(work: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let last = performance.now();
  let state: "on" | "off" = "on";
  const beat = (): void => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
    if (state === "on") setImmediate(beat);
  };
  setImmediate(beat);
  await work();
  await new Promise((resolve) => setImmediate(resolve));
  state = "off";
  return longest;
}

const openFiles = (): number => readdirSync("/proc/self/fd").length;
const threads = (): number => readdirSync("/proc/self/task").length;

const SENDTO = process.arch === "x64" ? "44" : "206";

/** Threads of this process that are in sendto(2) just now, as the kernel tells. */
function sending(): number {
  return readdirSync("/proc/self/task").filter((thread) => {
    try {
      return readFileSync(`/proc/self/task/${thread}/syscall`, "utf8").startsWith(`${SENDTO} `);
    } catch {
      // It ended since it was listed.
      return false;
    }
  }).length;
}

/** Waits for what ends when the kernel has waited, which nobody else waits for. */
async function comesDownTo(count: () => number, least: number): Promise<number> {
  for (let look = 0; look < 100 && count() > least; look++) await Bun.sleep(10);
  return count();
}

test("a link is gone for ip when it is told, while the kernel still waits", async () => {
  using site = openSandboxes(1);
  const [netns] = site.sandboxes as [NetnsHandle];
  let waits = 0;
  // Whether `ip` is done before the kernel has waited is the machine's to say: once is enough.
  for (let round = 0; round < 50 && waits === 0; round++) {
    site.fill(netns);
    must(await deleteLinkAside(site.lan.platform, netns, c0));
    expect(seenLinks(netns)).toEqual([]);
    waits += sending();
    expect(await comesDownTo(sending, 0)).toBe(0);
  }
  expect(waits).toBeGreaterThan(0);
  site.fill(netns);
  const { address = "" } = seenLinks(netns)[0] ?? {};
  const filter = () => inside(site.lan.host, "bridge", "fdb", "show", "dev", "p0");
  expect(filter()).toContain(address);
  must(await deleteLinkAside(site.lan.platform, netns, c0));
  expect(filter()).not.toContain(address);
  expect(seenLinks(netns)).toEqual([]);
});

test("a refusal of the kernel arrives, with the command", async () => {
  using site = openSandboxes(1);
  const [netns] = site.sandboxes as [NetnsHandle];
  expect(await deleteLinkAside(site.lan.platform, netns, c0)).toMatchObject({
    error: { errno: "ENODEV", command: "ip link del dev c0" },
  });
  const lo = { ifindex: 1, name: "lo" };
  expect(await deleteLinkAside(site.lan.platform, netns, lo)).toMatchObject({
    error: { errno: "EOPNOTSUPP" },
  });
  expect(tryInside(netns, "ip", "link", "del", "dev", "lo").status).not.toBe(0);
});

test("a hundred at once hold nobody up, and nothing of them stays", async () => {
  using site = openSandboxes(100);
  const { platform } = site.lan;
  const refill = () => site.sandboxes.forEach(site.fill);
  const all = () =>
    Promise.all(site.sandboxes.map((netns) => deleteLinkAside(platform, netns, c0)));
  refill();
  (await all()).forEach(must);
  // Such a thread lives for some tens of milliseconds.
  await Bun.sleep(300);
  const before = { files: openFiles(), threads: threads(), memory: process.memoryUsage.rss() };
  let stall = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round++) {
    refill();
    const now = await longestStall(async () => (await all()).forEach(must));
    expect(platform.process.strayThreads()).toEqual([]);
    stall = Math.min(stall, now);
  }
  // Ten in place, one after the other, hold everything up for longer than a hundred aside.
  for (const netns of site.sandboxes.slice(0, 10)) site.fill(netns);
  const inPlace = await longestStall(async () => {
    for (const netns of site.sandboxes.slice(0, 10)) {
      using talk = must(openRtnetlink(platform, netns));
      must(talk.request(deleteLink(c0)));
    }
  });
  expect(stall).toBeLessThan(inPlace / 3);
  expect(site.sandboxes.flatMap((netns) => seenLinksQuickly(netns))).toEqual([]);
  // The runtime may have started some of its own; of these there were five hundred.
  expect(await comesDownTo(threads, before.threads)).toBeLessThan(before.threads + 20);
  // Fewer, where those of a test before were closed meanwhile.
  expect(await comesDownTo(openFiles, before.files)).toBeLessThanOrEqual(before.files);
  expect((process.memoryUsage.rss() - before.memory) / 2 ** 20).toBeLessThan(30);
});

/** The links of a sandbox as the kernel lists them in /proc: without a program for each of many. */
function seenLinksQuickly(netns: NetnsHandle): readonly string[] {
  return (
    inside(netns, "cat", "/proc/net/dev")
      .match(/\w+(?=:)/g)
      ?.filter((name) => name !== "lo") ?? []
  );
}
