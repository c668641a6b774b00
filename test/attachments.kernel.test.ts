/** Attachments on the running kernel, with iproute2, ping and the files themselves as witnesses. */
import { expect, test } from "bun:test";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { NetnsHandle } from "../src/platform/index.ts";
import { openAttachmentSite } from "./support/attachment-site.ts";
import { addressSet, given, ip, key } from "./support/attachments.ts";
import { walkRefusals } from "./support/fault-walk.ts";
import {
  inside,
  pathOf,
  pings,
  seenAddresses,
  seenLinks,
  seenState,
  settledState,
} from "./support/lan.ts";
import { codeOf, must } from "./support/must.ts";

const dual = {
  kind: "sets",
  sets: [addressSet(0, ["10.0.0.50-10.0.0.53"]), addressSet(1, ["fd00::50-fd00::53"])],
} as const;

interface SeenAddress {
  readonly local: string;
  readonly tentative?: boolean;
}

function doubtful(netns: NetnsHandle): readonly string[] {
  const [link]: { addr_info: SeenAddress[] }[] = JSON.parse(
    inside(netns, "ip", "-j", "-6", "addr", "show", "dev", "eth0"),
  );
  const rows = (link?.addr_info ?? []).filter(({ local }) => local.startsWith("fd00:"));
  return rows.filter(({ tentative }) => tentative).map(({ local }) => local);
}

test("an attachment is ready when it is answered, and nothing of it is left afterwards", async () => {
  using site = await openAttachmentSite();
  const { lan, directory } = site;
  const sandbox = lan.sandbox();
  // As some runtimes make them.
  inside(sandbox, "sysctl", "-q", "-w", "net.ipv6.conf.all.disable_ipv6=1");
  const before = [await settledState(lan.host), await settledState(sandbox)];
  const routes = [{ to: "0.0.0.0/0" as never, via: ip("10.0.0.1") }];
  const made = must(await site.add(sandbox, { addressing: dual, routes }));
  expect(doubtful(sandbox)).toEqual([]);
  const [link] = seenLinks(sandbox);
  expect([link?.ifname, link?.address, link?.mtu]).toEqual(["eth0", made.mac, made.mtu]);
  expect(link?.ifalias).toBe(made.endpoint.link.alias);
  expect(seenAddresses(sandbox, "eth0")).toEqual(["10.0.0.50/24", "fd00::50/64"]);
  const shown: { dst: string; gateway?: string }[] = JSON.parse(
    inside(sandbox, "ip", "-j", "route"),
  );
  expect(shown.find(({ dst }) => dst === "default")?.gateway).toBe("10.0.0.1");
  for (const router of ["10.0.0.1", "fd00::1"]) expect(pings(sandbox, router)).toBe("reachable");
  for (const name of ["10.0.0.50", "fd00::50"]) {
    expect(readFileSync(join(directory, name), "utf8")).toBe("c1\r\neth0");
    expect(statSync(join(directory, name)).mode & 0o777).toBe(0o600);
  }
  expect(readFileSync(join(directory, "last_reserved_ip.1"), "utf8")).toBe("fd00::50");
  for (const lease of must(await site.engine.listLeases())) {
    expect(lease).toMatchObject({ kind: "held", attachment: key("c1") });
  }
  inside(sandbox, "ip", "link", "set", "dev", "eth0", "down");
  expect(seenAddresses(sandbox, "eth0")).toContain("fd00::50/64");
  must(await site.attachments.remove(key("c1"), { sandboxPath: pathOf(sandbox) }));
  expect([seenLinks(sandbox), site.files()]).toEqual([[], []]);
  inside(sandbox, "sysctl", "-q", "-w", "net.ipv6.conf.all.disable_ipv6=1");
  expect([seenState(lan.host), seenState(sandbox)]).toEqual(before);
}, 30_000);

test("an IPv6 address that another machine has ends the attachment, and nothing is left", async () => {
  using site = await openAttachmentSite();
  const { lan } = site;
  inside(lan.machine, "ip", "addr", "add", "fd00::77/64", "dev", "m0", "nodad");
  const sandbox = lan.sandbox();
  const addressing = {
    kind: "given",
    addresses: [given("fd00::77/64", "fd00::1"), given("10.0.0.60/24")],
  } as const;
  expect(codeOf(await site.add(sandbox, { addressing }))).toBe("LF-ADDRESS-CONFLICT");
  expect(seenLinks(sandbox)).toEqual([]);
  expect(must(await site.engine.listLeases())).toEqual([]);
}, 30_000);

test("an address in a file of another's is not given", async () => {
  using site = await openAttachmentSite();
  const { lan, directory } = site;
  must(await site.add(lan.sandbox()));
  must(lan.platform.files.createText(join(directory, "10.0.0.51"), "other\r\neth0"));
  must(await site.add(lan.sandbox(), { key: key("c2") }));
  expect(site.files().sort()).toEqual(["10.0.0.50", "10.0.0.51", "10.0.0.52"]);
}, 30_000);

test("a parent in the sandbox is one like any other", async () => {
  using site = await openAttachmentSite({ parentPlace: "sandbox", parent: "up0" as never });
  const { lan } = site;
  const sandbox = lan.sandbox();
  inside(sandbox, "ip", "link", "add", "up0", "type", "veth", "peer", "name", "up1");
  inside(sandbox, "ip", "link", "set", "dev", "up0", "up");
  inside(sandbox, "ip", "link", "set", "dev", "up1", "up");
  const before = seenLinks(lan.host);
  must(await site.add(sandbox));
  const names = () => seenLinks(sandbox).map(({ ifname }) => ifname);
  expect(names().sort()).toEqual(["eth0", "up0", "up1"]);
  expect(seenLinks(lan.host)).toEqual(before);
  expect(must(await site.engine.status())).toEqual([]);
  must(await site.attachments.remove(key("c1")));
  expect(names().sort()).toEqual(["up0", "up1"]);
  expect(codeOf(await site.add(lan.sandbox()))).toBe("LF-PARENT-MISSING");
}, 30_000);

test("a link on a link of a container's own is there, as the kernel makes it", async () => {
  using site = await openAttachmentSite({ parentPlace: "sandbox", parent: "mv0" as never });
  const { lan } = site;
  const sandbox = lan.sandbox();
  const made = "ip link add mv0 link p0 type macvlan mode bridge".split(" ");
  inside(lan.host, ...made);
  inside(lan.host, "ip", "link", "set", "dev", "mv0", "netns", pathOf(sandbox));
  inside(sandbox, "ip", "link", "set", "dev", "mv0", "up");
  must(await site.add(sandbox));
  expect(pings(sandbox, "10.0.0.1")).toBe("reachable");
  must(await site.attachments.remove(key("c1")));
  expect(seenLinks(sandbox).map(({ ifname }) => ifname)).toEqual(["mv0"]);
}, 30_000);

test("with the sandbox gone, or the parent, removing succeeds", async () => {
  using site = await openAttachmentSite();
  const { lan, attachments } = site;
  const [first, second] = [lan.sandbox(), lan.sandbox()];
  must(await site.add(first));
  must(await site.add(second, { key: key("c2") }));
  const path = pathOf(first);
  first.close();
  must(await attachments.remove(key("c1"), { sandboxPath: path }));
  inside(lan.host, "ip", "link", "del", "p0");
  must(await attachments.remove(key("c2"), { sandboxPath: pathOf(second) }));
  expect([site.files(), seenLinks(second)]).toEqual([[], []]);
}, 30_000);

test("of many at work on one key at a time there is one, and no lock file is left", async () => {
  using site = await openAttachmentSite();
  let [inWork, most] = [0, 0];
  const work = async () => {
    inWork += 1;
    most = Math.max(most, inWork);
    await Bun.sleep(1);
    inWork -= 1;
    return { ok: true, value: undefined } as const;
  };
  const { signal } = new AbortController();
  const all = [1, 2, 3, 4, 5, 6].map(() => site.attachments.exclusively(key("c1"), signal, work));
  for (const row of await Promise.all(all)) must(row);
  expect(most).toBe(1);
  expect(readdirSync(site.root)).toEqual(["operations.lock"]);
}, 30_000);

const v4 = {
  addressing: { kind: "sets", sets: [addressSet(0, ["10.0.0.50-10.0.0.99"])] },
  routes: [{ to: "0.0.0.0/0" as never, via: ip("10.0.0.1") }],
} as const;

test("whatever of an attachment the kernel refuses, nothing of it is left", async () => {
  using site = await openAttachmentSite();
  const { lan } = site;
  const sandbox = lan.sandbox();
  const before = seenState(sandbox);
  const walked = await walkRefusals(lan.platform, async (faulty, at) => {
    const result = await site.add(sandbox, v4, site.engineOn(faulty));
    if (result.ok) must(await site.attachments.remove(key("c1")));
    const held = must(await site.engine.listLeases()).filter(({ kind }) => kind === "held");
    expect([at, site.files(), held]).toEqual([at, [], []]);
    expect([at, seenState(sandbox)]).toEqual([at, before]);
    return at <= faulty.requests() ? "reached" : "passed";
  });
  expect(walked).toBeGreaterThan(8);
}, 60_000);

test("whatever of a removal the kernel refuses, the next one ends it", async () => {
  using site = await openAttachmentSite();
  const { lan } = site;
  const sandbox = lan.sandbox();
  const before = seenState(sandbox);
  const walked = await walkRefusals(lan.platform, async (faulty, at) => {
    must(await site.add(sandbox, v4));
    const result = await site.engineOn(faulty).attachments.remove(key("c1"));
    // What is told to be there is there.
    const names = seenLinks(sandbox).map(({ ifname }) => ifname);
    if (!result.ok && site.files().length === 0) expect([at, names]).toEqual([at, []]);
    must(await site.attachments.remove(key("c1")));
    expect([at, site.files(), seenState(sandbox)]).toEqual([at, [], before]);
    return at <= faulty.requests() ? "reached" : "passed";
  });
  expect(walked).toBeGreaterThan(3);
}, 60_000);
