import { expect, test } from "bun:test";
import type { NetworkName, VlanId } from "../../src/domain/index.ts";
import { openAttachmentSite } from "./attachment-site.ts";
import { key, podsSpec } from "./attachments.ts";
import { inside, pathOf, pings, seenLinks } from "./lan.ts";
import { codeOf, must } from "./must.ts";

/** Run by attachments.uml.test.ts in a kernel that has the drivers. */

const origin = (name: string) => ({ kind: "cni", name, digest: "d" }) as const;

test("the link of an attachment is that of a VLAN, and frames have its tag", async () => {
  using site = await openAttachmentSite();
  const { lan, attachments } = site;
  inside(lan.machine, ...words("ip link add m0.100 link m0 type vlan id 100"));
  inside(lan.machine, ...words("ip addr del 10.0.0.1/24 dev m0"));
  inside(lan.machine, ...words("ip addr add 10.0.0.1/24 dev m0.100"));
  inside(lan.machine, ...words("ip link set m0.100 up"));
  const name = "tagged" as NetworkName;
  const driver = { kind: "vlan", mode: "802.1Q", id: 100 as VlanId } as const;
  must(await attachments.ensureNetwork(podsSpec({ name, driver, origin: origin("tagged") })));
  const sandbox = lan.sandbox();
  const made = must(await site.add(sandbox, { network: name }));
  const [link] = seenLinks(sandbox);
  const [parent] = seenLinks(lan.host);
  expect([link?.ifname, link?.linkinfo?.info_kind]).toEqual(["eth0", "vlan"]);
  expect(link?.linkinfo?.info_data).toMatchObject({ id: 100, protocol: "802.1Q" });
  expect([link?.address, made.mac as string]).toEqual([parent?.address, parent?.address]);
  expect(pings(sandbox, "10.0.0.1")).toBe("reachable");
  const second = await site.add(lan.sandbox(), { network: name, key: key("c2") });
  expect(codeOf(second)).toBe("LF-VLAN-TAKEN");
  expect(must(await site.engine.status())).toEqual([]);
  must(await attachments.remove(key("c1"), { sandboxPath: pathOf(sandbox) }));
  expect([seenLinks(sandbox), site.files()]).toEqual([[], []]);
});

test("a VLAN's link that lives where nothing leads to keeps its address", async () => {
  using site = await openAttachmentSite();
  const { lan, attachments } = site;
  const name = "tagged" as NetworkName;
  const driver = { kind: "vlan", mode: "802.1Q", id: 100 as VlanId } as const;
  must(await attachments.ensureNetwork(podsSpec({ name, driver, origin: origin("tagged") })));
  const netns = lan.sandbox();
  must(await site.add(netns, { network: name, sandbox: { netns, path: "/run/netns/gone" } }));
  expect(codeOf(await attachments.remove(key("c1")))).toBe("LF-SANDBOX-UNREACHABLE");
  expect(site.files()).toEqual(["10.0.0.50"]);
  netns.close();
  must(await attachments.remove(key("c1")));
  expect(site.files()).toEqual([]);
});

test("an attachment of ipvlan answers with its parent's MAC", async () => {
  using site = await openAttachmentSite({ driver: { kind: "ipvlan", mode: "l2" } });
  const { lan, attachments } = site;
  const sandbox = lan.sandbox();
  const made = must(await site.add(sandbox));
  const [parent] = seenLinks(lan.host);
  expect(made.mac as string).toBe(parent?.address ?? "none");
  expect(seenLinks(sandbox)[0]?.linkinfo?.info_kind).toBe("ipvlan");
  expect(pings(sandbox, "10.0.0.1")).toBe("reachable");
  must(await attachments.remove(key("c1")));
  expect(seenLinks(sandbox)).toEqual([]);
});

function words(command: string): string[] {
  return command.split(" ");
}
