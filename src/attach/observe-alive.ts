import type { InterfaceAddress, Mac } from "../addr/index.ts";
import { err, ok, type Problem, type Result } from "../base/index.ts";
import {
  formatDriver,
  type IfName,
  type IpvlanDriver,
  type LinkIdentity,
  type Network,
  type VlanDriver,
} from "../domain/index.ts";
import {
  addAddress,
  addLink,
  getLink,
  type Link,
  listFdb,
  listLinks,
  type Rtnetlink,
} from "../netlink/index.ts";
import type { Platform } from "../platform/index.ts";
import { openConversation } from "./context.ts";
import { vlanOptions } from "./create-link.ts";
import { callProblem, refusalProblem } from "./refusals.ts";

/** A link that nothing leads to any more. */
export interface LostLink {
  readonly link: LinkIdentity;
  readonly addresses: readonly InterfaceAddress[];
  readonly network: Pick<Network, "parent" | "driver">;
}

/**
 * What shows that a link lives in a namespace that nothing leads to: its MAC, or an address of it.
 * A sign proves life; no sign alone proves nothing. Undefined too where the parent is gone: its
 * links went with it.
 */
export function observeLife(
  platform: Platform,
  host: Rtnetlink,
  { link, addresses, network }: LostLink,
): Result<string | undefined, Problem> {
  const parent = host.request(getLink({ name: network.parent }));
  if (!parent.ok) {
    if (parent.error.errno === "ENODEV") return ok(undefined);
    return err(refusalProblem(parent.error, `look for ${network.parent}`));
  }
  if (network.driver.kind === "ipvlan") {
    return addressInUse(platform, host, {
      parent: parent.value,
      driver: network.driver,
      addresses,
    });
  }
  if (network.driver.kind === "vlan") {
    return vlanInUse(platform, host, { parent: parent.value, driver: network.driver });
  }
  const macs = macsOn(host, parent.value);
  if (!macs.ok) return macs;
  return ok(link.mac !== undefined && macs.value.has(link.mac) ? link.mac : undefined);
}

/**
 * The MACs in a parent's receive filter: those of its macvlan links that are up, in every namespace
 * (macvlan_open in drivers/net/macvlan.c).
 */
function macsOn(host: Rtnetlink, parent: Link): Result<ReadonlySet<Mac>, Problem> {
  const { ifindex, name } = parent;
  const entries = host.dump(listFdb({ ifindex, name }));
  if (!entries.ok) return err(refusalProblem(entries.error, `list the MACs on ${name}`));
  const macs = entries.value.filter((row) => row.ifindex === ifindex).map((row) => row.mac);
  // A passthru link is not listed: it has the parent's MAC, and while it is up the parent is
  // promiscuous (macvlan_open). Others make it so too, and then the doubt counts as life.
  const passthru = parent.promiscuity > 0 ? parent.mac : undefined;
  return ok(new Set(passthru === undefined ? macs : [...macs, passthru]));
}

/** A name for a link that lives for a moment, in a namespace of its own. */
const PROBE = { name: "probe" as IfName, ifindex: 2 ** 24 };

/**
 * Which of these addresses an ipvlan link on the parent has. Such links have one MAC and nobody
 * lists them, but the kernel refuses the address of one to another, whatever namespaces they are in
 * (EADDRINUSE from ipvlan_addr_validator_event): so one is made for a moment, and asks.
 */
function addressInUse(
  platform: Platform,
  host: Rtnetlink,
  question: {
    readonly parent: Link;
    readonly driver: IpvlanDriver;
    readonly addresses: readonly InterfaceAddress[];
  },
): Result<string | undefined, Problem> {
  const { parent, driver, addresses } = question;
  const { ifindex, name } = parent;
  const created = platform.namespaces.create();
  if (!created.ok) return err(callProblem(created.error, "make a namespace"));
  // The link goes with it.
  using netns = created.value;
  const { mode, flag = "bridge" } = driver;
  const options = { kind: "ipvlan", parent: { ifindex, name }, mode, flag } as const;
  const made = host.request(addLink({ ...PROBE, ...options, netns: { fd: netns.fd } }));
  // A macvlan has taken the parent (EBUSY): then no ipvlan is there.
  if (!made.ok && made.error.errno === "EBUSY") return ok(undefined);
  if (!made.ok) return err(refusalProblem(made.error, `look for addresses on ${name}`));
  const opened = openConversation(platform, netns);
  if (!opened.ok) return opened;
  using probe = opened.value;
  const answers = probe.execute(addresses.map((address) => addAddress({ link: PROBE, address })));
  const used = answers.findIndex((row) => !row.ok && row.error.errno === "EADDRINUSE");
  return ok(addresses[used]);
}

/**
 * Whether the link of a VLAN is in a namespace that we do not see: the kernel refuses a second one
 * of the parent, wherever the first is (EEXIST), so one is made for a moment.
 */
function vlanInUse(
  platform: Platform,
  host: Rtnetlink,
  { parent, driver }: { readonly parent: Link; readonly driver: VlanDriver },
): Result<string | undefined, Problem> {
  const { ifindex, name } = parent;
  const created = platform.namespaces.create();
  if (!created.ok) return err(callProblem(created.error, "make a namespace"));
  // The link goes with it.
  using netns = created.value;
  const options = vlanOptions(driver, { ifindex, name });
  const made = host.request(addLink({ ...options, ...PROBE, netns: { fd: netns.fd } }));
  if (made.ok) return ok(undefined);
  if (made.error.errno !== "EEXIST") {
    return err(refusalProblem(made.error, `look for a VLAN of ${name}`));
  }
  const links = host.dump(listLinks());
  if (!links.ok) return err(refusalProblem(links.error, "list links"));
  // The host has one of its own now, so that ours is gone.
  const isHosts = links.value.some(
    ({ details, parent: on }) =>
      details?.kind === "vlan" && details.id === driver.id && on?.ifindex === ifindex,
  );
  return ok(isHosts ? undefined : formatDriver(driver));
}
