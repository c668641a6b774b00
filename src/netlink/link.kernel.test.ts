import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { seconds } from "../base/index.ts";
import { type TestNamespace, testNamespace } from "./fixtures/namespace.ts";
import { mac, must } from "./fixtures/values.ts";
import {
  addLink,
  deleteFdb,
  deleteLink,
  getLink,
  listFdb,
  listLinks,
  type MacvlanChange,
  replaceFdb,
  setLink,
  setPort,
} from "./index.ts";

const p0 = { ifindex: 10, name: "p0" };
const p1 = { ifindex: 11, name: "p1" };
const m0 = { ifindex: 12, name: "m0" };
const br0 = { ifindex: 20, name: "br0" };

let ns: TestNamespace;

beforeAll(() => {
  ns = testNamespace();
  must(
    ns.rtnetlink.request(
      addLink({ kind: "veth", name: "p0", ifindex: 10, peer: { name: "p1", ifindex: 11 } }),
    ),
  );
});
afterAll(() => ns[Symbol.dispose]());

describe("macvlan", () => {
  const remove = () => ns.rtnetlink.request(deleteLink(m0));

  for (const kind of ["macvlan", "macvtap"] as const) {
    for (const mode of ["private", "vepa", "bridge"] as const) {
      test(`${kind} in mode ${mode} is what ip sees`, () => {
        must(
          ns.rtnetlink.request(
            addLink({
              kind,
              name: "m0",
              ifindex: 12,
              mac: mac("02:00:00:00:00:12"),
              mtu: 1400,
              parent: p0,
              mode: { kind: mode },
            }),
          ),
        );
        expect(ns.ip("link", "show", "dev", "m0")[0]).toMatchObject({
          ifindex: 12,
          link: "p0",
          mtu: 1400,
          address: "02:00:00:00:00:12",
          linkinfo: { info_kind: kind, info_data: { mode } },
        });
        remove();
      });
    }
  }

  test("passthru keeps the parent out of promiscuity when told so", () => {
    const mode = { kind: "passthru", flags: ["nopromisc"] } as const;
    must(ns.rtnetlink.request(addLink({ kind: "macvlan", ...m0, parent: p0, mode })));
    expect(ns.ip("link", "show", "dev", "m0")[0]).toMatchObject({
      linkinfo: { info_data: { mode: "passthru", nopromisc: true } },
    });
    remove();
  });

  test("source has a list that can be replaced, added to, taken from and cleared", () => {
    const [a, b, c] = [
      mac("02:00:00:00:00:0a"),
      mac("02:00:00:00:00:0b"),
      mac("02:00:00:00:00:0c"),
    ];
    const mode = { kind: "source", allowedMacs: [a, b], flags: ["nodst"] } as const;
    must(ns.rtnetlink.request(addLink({ kind: "macvlan", ...m0, parent: p0, mode })));
    // ip 6.1 prints the list as text only.
    const remotes = () => {
      const [, list] = ns.run("ip", "-d", "link", "show", "dev", "m0").split(/remotes \(\d+\) /);
      return (list?.match(/\S+:\S+/g) ?? []).sort();
    };
    const change = (details: Omit<MacvlanChange, "kind">) =>
      must(ns.rtnetlink.request(setLink({ link: m0, details: { kind: "macvlan", ...details } })));
    expect(remotes()).toEqual([a, b]);
    change({ allowedMacs: { kind: "add", mac: c } });
    expect(remotes()).toEqual([a, b, c]);
    change({ allowedMacs: { kind: "remove", mac: a } });
    expect(remotes()).toEqual([b, c]);
    change({ allowedMacs: { kind: "replace", macs: [a] } });
    expect(remotes()).toEqual([a]);
    change({ allowedMacs: { kind: "clear" } });
    expect(remotes()).toEqual([]);
    change({ flags: [], mode: "bridge", bcQueueLen: 77 });
    expect(ns.ip("link", "show", "dev", "m0")[0]).toMatchObject({
      linkinfo: { info_data: { mode: "bridge", bcqueuelen: 77 } },
    });
    remove();
  });

  test("is born in another namespace, up, and shows in the filter of its parent", () => {
    using other = testNamespace();
    const netns = { fd: other.netns.fd, path: other.path };
    const mode = { kind: "bridge" } as const;
    must(
      ns.rtnetlink.request(
        addLink({ kind: "macvlan", ...m0, parent: p0, netns, mode, state: "up" }),
      ),
    );
    const [born] = other.ip("link", "show", "dev", "m0");
    expect(born).toMatchObject({ ifindex: 12, link_index: 10 });
    expect(born?.flags).toContain("UP");
    const seen = must(other.rtnetlink.request(getLink(m0)));
    expect(seen.parent).toEqual({ ifindex: 10, netnsid: 0 });
    const filter = must(ns.rtnetlink.dump(listFdb(p0))).map((entry) => entry.mac);
    expect<unknown[]>(filter).toContain(seen.mac);
  });
});

describe("changes of a link", () => {
  test("name, alias, mtu, mac, queue, group and state are what ip sees", () => {
    must(
      ns.rtnetlink.request(
        addLink({ kind: "veth", name: "x0", ifindex: 50, peer: { name: "x1" } }),
      ),
    );
    must(
      ns.rtnetlink.request(
        setLink({
          link: { ifindex: 50 },
          name: "y0",
          alias: "it's ours",
          mtu: 1300,
          mac: mac("02:00:00:00:00:50"),
          txQueueLen: 17,
          group: 5,
          state: "up",
        }),
      ),
    );
    const [seen] = ns.ip("link", "show", "dev", "y0");
    expect(seen).toMatchObject({
      ifindex: 50,
      ifalias: "it's ours",
      mtu: 1300,
      address: "02:00:00:00:00:50",
      txqlen: 17,
      group: "5",
    });
    expect(seen?.flags).toContain("UP");
    must(ns.rtnetlink.request(setLink({ link: { ifindex: 50 }, state: "down", alias: "" })));
    const [after] = ns.ip("link", "show", "dev", "y0");
    expect(after?.flags).not.toContain("UP");
    expect(after?.ifalias).toBeUndefined();
    must(ns.rtnetlink.request(deleteLink({ ifindex: 50 })));
  });

  test("IPv4 settings are what sysctl sees, and read back by name", () => {
    const inet = { arpFilter: 1, arpIgnore: 2, arpNotify: 1, rpFilter: 2, arpEvictNocarrier: 0 };
    must(ns.rtnetlink.request(setLink({ link: p0, inet })));
    const sysctl = (key: string) => ns.run("cat", `/proc/sys/net/ipv4/conf/p0/${key}`).trim();
    expect(sysctl("arp_filter")).toBe("1");
    expect(sysctl("arp_ignore")).toBe("2");
    expect(sysctl("arp_notify")).toBe("1");
    expect(sysctl("rp_filter")).toBe("2");
    expect(sysctl("arp_evict_nocarrier")).toBe("0");
    expect(must(ns.rtnetlink.request(getLink(p0))).inet).toMatchObject(inet);
  });

  test("addrGenMode is what ip sees", () => {
    must(ns.rtnetlink.request(setLink({ link: p0, addrGenMode: "none" })));
    expect(ns.ip("link", "show", "dev", "p0")[0]).toMatchObject({ inet6_addr_gen_mode: "none" });
  });

  test("a link moves to another namespace", () => {
    using other = testNamespace();
    must(
      ns.rtnetlink.request(
        addLink({ kind: "veth", name: "x0", ifindex: 50, peer: { name: "x1" } }),
      ),
    );
    must(
      ns.rtnetlink.request(
        setLink({ link: { ifindex: 50 }, netns: { fd: other.netns.fd }, name: "in0" }),
      ),
    );
    expect(other.ip("link").map((link) => link.ifname)).toContain("in0");
  });
});

describe("bridge", () => {
  test("options, ports and their entries are what ip and bridge see", () => {
    must(
      ns.rtnetlink.request(
        addLink({
          kind: "bridge",
          ...br0,
          ageingTime: seconds(10),
          stp: "off",
          groupForwardMask: 0x4000,
          mcastSnooping: false,
        }),
      ),
    );
    expect(ns.ip("link", "show", "dev", "br0")[0]).toMatchObject({
      linkinfo: {
        info_data: { ageing_time: 1000, stp_state: 0, group_fwd_mask: "0x4000", mcast_snooping: 0 },
      },
    });
    const mine = mac("02:00:00:00:00:99");
    const entry = { link: p1, mac: mine, table: "bridge", lifetime: "static" } as const;
    const results = ns.rtnetlink.execute([
      setLink({ link: br0, state: "up", details: { kind: "bridge", ageingTime: seconds(20) } }),
      setLink({ link: p1, upper: br0, state: "up" }),
      setPort({ link: p1, hairpin: true, learning: false, isolated: true, locked: true }),
      replaceFdb(entry),
    ]);
    expect(results.filter((result) => !result.ok)).toEqual([]);
    const [port] = JSON.parse(ns.run("bridge", "-j", "-d", "link", "show", "dev", "p1"));
    expect(port).toMatchObject({
      master: "br0",
      hairpin: true,
      learning: false,
      isolated: true,
      locked: true,
    });
    const fdb = (): Record<string, unknown>[] =>
      JSON.parse(ns.run("bridge", "-j", "fdb", "show", "dev", "p1"));
    expect(fdb().find((row) => row.mac === mine)).toMatchObject({
      master: "br0",
      state: "static",
    });
    expect(must(ns.rtnetlink.request(getLink(p1)))).toMatchObject({
      upper: 20,
      port: { kind: "bridge", hairpin: true, learning: false, isolated: true, locked: true },
    });
    must(ns.rtnetlink.request(deleteFdb(entry)));
    expect(fdb().some((row) => row.mac === mine)).toBe(false);
    must(ns.rtnetlink.request(setLink({ link: p1, upper: "none" })));
    expect(ns.ip("link", "show", "dev", "p1")[0]?.master).toBeUndefined();
  });
});

test("alternative names come in a nest that the kernel marks as one", () => {
  ns.shell("ip link property add dev p0 altname first altname second");
  expect(must(ns.rtnetlink.request(getLink(p0))).altNames).toEqual(["first", "second"]);
});

test("a list of links is the list that ip prints", () => {
  using own = testNamespace();
  own.shell("ip link add br0 type bridge && ip link add v0 type veth peer name v1");
  const listed = must(own.rtnetlink.dump(listLinks())).map(({ ifindex, name, mtu, mac }) => {
    return { ifindex, ifname: name, mtu, address: mac };
  });
  const printed = own.ip("link").map(({ ifindex, ifname, mtu, address }) => {
    return { ifindex, ifname, mtu, address };
  });
  expect<unknown>(listed).toEqual(printed);
});

describe("refusals of the kernel", () => {
  const refused = (request: Parameters<typeof ns.rtnetlink.request>[0]) =>
    ns.rtnetlink.request(request);

  test("carry its own words", () => {
    expect(refused(setLink({ link: p0, mtu: 70_000 }))).toMatchObject({
      error: {
        errno: "EINVAL",
        message: "mtu greater than device maximum",
        command: "ip link set dev p0 mtu 70000",
        retryable: false,
      },
    });
  });

  test("name the attribute, however deep", () => {
    const long = "q".repeat(20);
    expect(refused(addLink({ kind: "veth", name: long, peer: { name: "z" } }))).toMatchObject({
      error: { errno: "ERANGE", attribute: "name" },
    });
    expect(refused(addLink({ kind: "veth", name: "z", peer: { name: long } }))).toMatchObject({
      error: { errno: "ERANGE", attribute: "linkInfo.data.peer.name" },
    });
  });

  test("are the errno that the verb's documentation says", () => {
    const mode = { kind: "bridge" } as const;
    const errnoOf = (request: Parameters<typeof refused>[0]) => {
      const result = refused(request);
      return result.ok ? "" : result.error.errno;
    };
    expect(errnoOf(getLink({ ifindex: 999 }))).toBe("ENODEV");
    expect(errnoOf(getLink({ name: "nothing" }))).toBe("ENODEV");
    expect(errnoOf(deleteLink({ ifindex: 999 }))).toBe("ENODEV");
    expect(errnoOf(deleteLink({ ifindex: 1 }))).toBe("EOPNOTSUPP");
    expect(errnoOf(addLink({ kind: "veth", name: "p0", peer: { name: "z" } }))).toBe("EEXIST");
    expect(errnoOf(addLink({ kind: "macvlan", name: "z", parent: { ifindex: 999 }, mode }))).toBe(
      "ENODEV",
    );
    expect(errnoOf(addLink({ kind: "macvlan", name: "z", parent: { ifindex: 1 }, mode }))).toBe(
      "EINVAL",
    );
    expect(errnoOf(setPort({ link: p0, hairpin: true }))).toBe("EOPNOTSUPP");
  });
});
