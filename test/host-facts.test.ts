import { describe, expect, test } from "bun:test";
import { parsePrefix } from "../src/addr/index.ts";
import type { IfName, NetworkName } from "../src/domain/index.ts";
import { addLink, addRoute, setLink } from "../src/netlink/index.ts";
import { openFakeHost } from "./support/fake-host.ts";
import { codeOf, must } from "./support/must.ts";

const name = (text: string) => text as IfName;
const everything = must(parsePrefix("0.0.0.0/0"));
const everything6 = must(parsePrefix("::/0"));

describe("the parent that a configuration means", () => {
  test("by its name: with its MTU and state", async () => {
    using host = openFakeHost();
    const { facts } = host.engine;
    expect(must(await facts.parent(name("p1")))).toEqual({
      name: name("p1"),
      mtu: 1500,
      state: "up",
    } as never);
    host.run(host.netns, setLink({ link: { ifindex: 3, name: "p1" }, state: "down" }));
    expect(must(await facts.parent(name("p1"))).state).toBe("down");
    expect(codeOf(await facts.parent(name("p7")))).toBe("LF-PARENT-MISSING");
  });

  test("a VLAN that is yet to be made is the link that it will be on", async () => {
    using host = openFakeHost();
    expect(must(await host.engine.facts.parent(name("p1.20"))).name).toBe(name("p1.20"));
    expect(codeOf(await host.engine.facts.parent(name("p7.20")))).toBe("LF-PARENT-MISSING");
  });

  test("without a name, that of the default route, IPv4 before IPv6", async () => {
    using host = openFakeHost();
    const { facts } = host.engine;
    expect(codeOf(await facts.parent(undefined))).toBe("LF-DEFAULT-ROUTE-MISSING");
    host.run(host.netns, addRoute({ to: everything6, link: { ifindex: 3, name: "p1" } }));
    expect(must(await facts.parent(undefined)).name).toBe(name("p1"));
    host.run(host.netns, addRoute({ to: everything, link: { ifindex: 2, name: "p0" } }));
    expect(must(await facts.parent(undefined)).name).toBe(name("p0"));
    using netns = host.sandbox();
    const inside = { netns, path: "/run/netns/a" };
    expect(codeOf(await facts.parent(undefined, inside))).toBe("LF-DEFAULT-ROUTE-MISSING");
  });
});

describe("a link in a sandbox", () => {
  test("is seen, and one that another made is deleted; ours is not", async () => {
    using host = openFakeHost();
    using netns = host.sandbox();
    const sandbox = { netns, path: "/run/netns/a" };
    const { facts } = host.engine;
    const theirs = { ifindex: 50, name: "eth0", netns: { fd: netns.fd } };
    const parent = { ifindex: 2, name: "p0" };
    host.run(host.netns, addLink({ kind: "macvlan", ...theirs, parent, mode: { kind: "vepa" } }));
    expect(must(await facts.observe(sandbox, name("eth0")))).toMatchObject({
      kind: "macvlan",
      mode: "vepa",
      parent: "p0",
      state: "down",
    });
    expect(must(await facts.removeUnrecorded(sandbox, name("eth0")))).toBe("removed");
    expect(must(await facts.observe(sandbox, name("eth0")))).toBeUndefined();
    expect(must(await facts.removeUnrecorded(sandbox, name("eth0")))).toBe("nothing");
    host.run(host.netns, addLink({ kind: "macvlan", ...theirs, parent, mode: { kind: "vepa" } }));
    const alias = "landfall:00000000:ep-1";
    host.run(netns, setLink({ link: { ifindex: 50, name: "eth0" }, alias }));
    expect(must(await facts.removeUnrecorded(sandbox, name("eth0")))).toBe("nothing");
    expect(must(await facts.observe(sandbox, name("eth0")))).toBeDefined();
  });

  test("networks are found by their names", async () => {
    using host = openFakeHost();
    expect(codeOf(await host.engine.facts.network("lan" as NetworkName))).toBe(
      "LF-NETWORK-MISSING",
    );
  });
});
