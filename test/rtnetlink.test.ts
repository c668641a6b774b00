import { describe, expect, test } from "bun:test";
import { addLink, addNeighbour, addRoute, getLink, setLink } from "../src/netlink/index.ts";
import { rtnetlinkContract } from "./rtnetlink.contract.ts";
import { rtnetlinkKindsContract } from "./rtnetlink-kinds.contract.ts";
import { openFakeLinux } from "./support/fake-kernel.ts";
import { A, c0, child, ip, p0, prefix, World } from "./support/kernel-world.ts";

rtnetlinkContract("the fake kernel", () => openFakeLinux().platform);
rtnetlinkKindsContract("the fake kernel", () => openFakeLinux().platform);

describe("the fake kernel", () => {
  test("refuses what it does not know, instead of getting it wrong", () => {
    using world = new World(openFakeLinux().platform);
    const other = world.create();
    const to = prefix("192.0.2.0/24");
    const unknown = [
      setLink({ link: p0, netns: { fd: other.fd } }),
      setLink({ link: p0, details: { kind: "bridge", stp: "off" } }),
      setLink({ link: p0, group: 7 }),
      child(other, { mode: { kind: "passthru" } }),
      addLink({ kind: "macvtap", ...c0, parent: p0, mode: { kind: "bridge" } }),
      addRoute({ to, link: p0, table: 100 }),
      addNeighbour({ link: p0, ip: ip("10.0.0.9"), mac: A }),
    ];
    for (const request of unknown) expect(world.errno(world.host, request)).toBe("EOPNOTSUPP");
    expect(world.names(other)).toEqual(["lo"]);
  });

  test("refuses one request, loses one answer, or is stuck, as injected", () => {
    const { platform, kernel } = openFakeLinux();
    using world = new World(platform);
    const rename = (name: string) => world.errno(world.host, setLink({ link: p0, name }));
    const name = () => world.link(world.host, p0.ifindex)?.name;
    kernel.inject({ at: 2, kind: "refused", errno: "EIO" });
    expect([rename("a"), rename("b"), rename("c")]).toEqual(["done", "EIO", "done"]);
    expect(kernel.requests()).toBe(3);
    kernel.inject({ at: 1, kind: "unheard", errno: "EIO" });
    expect([rename("d"), name()]).toEqual(["ENOBUFS", "d"]);
    kernel.inject({ at: 1, kind: "stuck", errno: "EPERM" });
    expect([rename("e"), rename("f")]).toEqual(["EPERM", "EPERM"]);
    kernel.inject(undefined);
    expect([rename("g"), name()]).toEqual(["done", "g"]);
    expect(world.errno(world.host, getLink(p0))).toBe("done");
  });

  test("describes what a change changed, and nothing when it is taken back", () => {
    const { platform, kernel } = openFakeLinux();
    using world = new World(platform);
    const before = kernel.describe();
    world.done(world.host, setLink({ link: p0, mtu: 1400 }));
    expect(kernel.describe()).not.toEqual(before);
    world.done(world.host, setLink({ link: p0, mtu: 1500 }));
    expect(kernel.describe()).toEqual(before);
  });
});
