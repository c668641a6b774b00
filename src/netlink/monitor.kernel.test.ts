import { expect, test } from "bun:test";
import { type TestNamespace, testNamespace } from "./fixtures/namespace.ts";
import { type NetlinkEvent, watchLinks } from "./index.ts";

/** Reads events until one satisfies `wanted`; the bound is the test's time limit. */
async function until(
  events: AsyncGenerator<NetlinkEvent>,
  wanted: (event: NetlinkEvent) => boolean,
): Promise<NetlinkEvent> {
  for (;;) {
    const { value, done } = await events.next();
    if (done) throw new Error("the events ended");
    if (wanted(value)) return value;
  }
}

function watch(ns: TestNamespace) {
  return watchLinks(ns.platform, ns.netns, { groups: ["links", "addresses", "routes"] });
}

test("what ip does is told: links, addresses, routes, and their end", async () => {
  using ns = testNamespace();
  ns.shell("ip link add v0 type veth peer name v1");
  const events = watch(ns);
  const first = await until(events, () => true);
  expect(first.kind === "resync" && first.links.map((link) => link.name).sort()).toEqual([
    "lo",
    "v0",
    "v1",
  ]);
  ns.shell("ip link set dev v0 up && ip link set dev v1 up && ip addr add 10.0.0.1/24 dev v0");
  await until(events, (e) => e.kind === "link" && e.link.name === "v0" && e.link.state === "up");
  await until(events, (e) => e.kind === "address" && e.address.address === "10.0.0.1/24");
  await until(events, (e) => e.kind === "route" && e.route.to === "10.0.0.0/24");
  ns.shell("ip link del dev v0");
  await until(events, (e) => e.kind === "link" && e.change === "deleted" && e.link.name === "v0");
  await events.return(undefined);
});

test("leaving a bridge is not the end of a link", async () => {
  using ns = testNamespace();
  ns.shell("ip link add br0 type bridge && ip link add v0 type veth peer name v1");
  // Only links that are up tell of a new alias (netdev_state_change).
  ns.shell("ip link set dev v0 up master br0");
  const events = watch(ns);
  await until(events, (event) => event.kind === "resync");
  ns.shell("ip link set dev v0 nomaster && ip link set dev v0 alias after");
  const last = await until(
    events,
    (e) => e.kind === "link" && (e.link.alias === "after" || e.change === "deleted"),
  );
  expect(last).toMatchObject({ kind: "link", change: "set", link: { upper: undefined } });
  await events.return(undefined);
});

test("a storm that overruns the kernel's buffer ends in a resync", async () => {
  using ns = testNamespace();
  ns.shell("ip link add v0 up type veth peer name v1");
  const events = watch(ns);
  await until(events, (event) => event.kind === "resync");
  // No event is fetched meanwhile: the event loop stands still while the witness runs.
  const storm = Array.from({ length: 3000 }, (_, i) => `link set dev v0 alias storm${i}`).join(
    "\n",
  );
  ns.shell(`printf '%s\\n' '${storm}' | ip -batch -`);
  const after = await until(
    events,
    (e) => e.kind === "resync" || (e.kind === "link" && e.link.alias === "storm2999"),
  );
  expect(after.kind).toBe("resync");
  expect(after.kind === "resync" && after.links.find((link) => link.name === "v0")?.alias).toBe(
    "storm2999",
  );
  await events.return(undefined);
});
