/** What an attachment's parent may do a moment before it is used, and a disk a moment after. */
import { expect, test } from "bun:test";
import { err, millis } from "../src/base/index.ts";
import { openEngine } from "../src/engine/index.ts";
import { addLink, deleteLink } from "../src/netlink/index.ts";
import { faultyPlatform } from "../src/platform/index.ts";
import { type Store, stateUnusable } from "../src/store/index.ts";
import { addRequest, key } from "./support/attachments.ts";
import { filesIn, openSite } from "./support/fake-attachments.ts";
import { bookOf, childrenIn } from "./support/fake-host.ts";
import { codeOf, must } from "./support/must.ts";

test("those that come within a moment have their parent looked at once", async () => {
  using site = await openSite();
  const { host } = site;
  const platform = faultyPlatform(host.platform, { failAt: 0, errno: "EIO" });
  const { attachments } = host.engineOn(platform);
  const costOf = async (name: string): Promise<number> => {
    const before = platform.requests();
    must(await attachments.add(addRequest(host.sandbox(), { key: key(name) })));
    return platform.requests() - before;
  };
  const [first, second] = [await costOf("c1"), await costOf("c2")];
  // The link and its addresses.
  expect(first - second).toBe(2);
  await host.platform.clock.sleep(millis(100));
  expect(await costOf("c3")).toBe(first);
});

test("a parent that went a moment ago is missing, and nothing is left", async () => {
  using site = await openSite();
  const { host, attachments } = site;
  must(await site.add());
  must(await attachments.remove(key("c1")));
  host.run(host.netns, deleteLink({ ifindex: 2, name: "p0" }));
  expect(codeOf(await site.add())).toBe("LF-PARENT-MISSING");
  const { endpoints, leases, operations } = await bookOf(host.store);
  expect([childrenIn(host.kernel), endpoints, leases, operations]).toEqual([[], [], [], []]);
  expect(Object.keys(filesIn(host))).toEqual(["last_reserved_ip.0"]);
});

test("one whose intent the disk does not keep is taken back", async () => {
  using site = await openSite();
  const { host } = site;
  const full = stateUnusable({ path: "landfall.db", code: "SQLITE_FULL", message: "full" });
  const { platform, netns: hostNamespace } = host;
  const store: Store = { ...host.store, persist: async () => err(full) };
  const { attachments } = openEngine({ platform, hostNamespace, store });
  expect(codeOf(await attachments.add(addRequest(site.sandbox)))).toBe("LF-STATE-UNUSABLE");
  const { endpoints, leases, operations } = await bookOf(host.store);
  expect([childrenIn(host.kernel), endpoints, leases, operations]).toEqual([[], [], [], []]);
  expect(Object.keys(filesIn(host))).toEqual(["last_reserved_ip.0"]);
});

test("a parent that was made anew a moment ago is the new one", async () => {
  using site = await openSite();
  const { host } = site;
  must(await site.add());
  host.run(host.netns, deleteLink({ ifindex: 2, name: "p0" }));
  host.run(host.netns, addLink({ kind: "veth", name: "p0", ifindex: 99, peer: { name: "x0" } }));
  const sandbox = { netns: host.sandbox(), path: "/run/netns/c2" };
  const made = must(await site.add({ key: key("c2"), sandbox }));
  // That of the first one went with its parent.
  expect(childrenIn(host.kernel).map(({ alias }) => alias)).toEqual([made.endpoint.link.alias]);
});
