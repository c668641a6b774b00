import { z } from "zod";
import {
  parseInterfaceAddress,
  parseIp,
  parseIp4,
  parseMac,
  parsePrefix,
  parseRange,
} from "../../addr/index.ts";
import { err, ok, type Problem, type Result, seconds } from "../../base/index.ts";
import { parseVlanTag } from "../../domain/index.ts";
import { parseFilter } from "../../wire/index.ts";
import { parseAction } from "./actions.ts";
import { didYouMean } from "./did-you-mean.ts";
import {
  parseFinding,
  parseFlow,
  parseLease,
  parseNeighbour,
  parsePoint,
  parseRef,
} from "./references.ts";
import { dispositions, doors, kernelFeatures } from "./scenario.ts";

/**
 * An object whose unknown keys are mistakes. Their message has one line a key, in the order of the
 * issue's `keys`, because zod reports them together and each needs its own position.
 */
function strict<const Shape extends z.ZodRawShape>(shape: Shape) {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? issue.keys.map((key) => `unknown key "${key}"${didYouMean(key, known)}`).join("\n")
        : undefined,
  });
}

/** Text in the form that `parse` reads; the value is what it returns. */
function parsed<T>(parse: (text: string) => Result<T, Problem | string>, meaning: string) {
  return z
    .string()
    .describe(meaning)
    .transform((text, context) => {
      const result = parse(text);
      if (result.ok) return result.value;
      const message = typeof result.error === "string" ? result.error : result.error.detail;
      context.addIssue({ code: "custom", message });
      return z.NEVER;
    });
}

/** A capture filter together with its text, which reports show. */
function parseFilterText(text: string) {
  const filter = parseFilter(text);
  if (filter.ok) return ok({ text, filter: filter.value });
  const { detail, facts } = filter.error;
  return err(facts.meant === undefined ? detail : `${detail} Did you mean "${facts.meant}"?`);
}

/** One item where one is usual, or a list. */
function oneOrMany<Item extends z.ZodType>(item: Item) {
  return z
    .union([item, z.array(item)])
    .transform((value) => (Array.isArray(value) ? value : [value]) as readonly z.output<Item>[]);
}

function mapOf<Value extends z.ZodType>(key: z.ZodString, value: Value) {
  return z.record(key, value).default({});
}

function listOf<Item extends z.ZodType>(item: Item) {
  return z.array(item).default([]);
}

const mac = parsed(parseMac, "a MAC, such as 02:00:00:00:00:01");
const ip = parsed(parseIp, "an IPv4 or IPv6 address");
const ip4 = parsed(parseIp4, "an IPv4 address");
const prefix = parsed(parsePrefix, "a prefix, such as 192.168.1.0/24");
const range = parsed(parseRange, "FIRST-LAST, a prefix or one address");
const address = parsed(parseInterfaceAddress, "an address with its prefix length");
const nodeRef = parsed(parseRef, "NODE, NODE@NETWORK, NODE@LINK, NODE=ADDRESS or ADDRESS");
const flow = parsed(parseFlow, "A -> B, or A <-> B for both directions");
const action = parsed(parseAction, "an action, such as: attach c3 to lan");

const name = z.string().regex(/^(?!none$|failed$|resting$)[A-Za-z][A-Za-z0-9_-]{0,31}$/, {
  error: "a name is a letter, then up to 31 letters, digits, - or _ (not none, failed or resting)",
});
// What the kernel takes (dev_valid_name in net/core/dev.c), less the characters that shells mind.
const linkName = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}$/, {
  error: "a link's name has up to 15 letters, digits, dots, - or _",
});
const sysctlName = z.string().regex(/^net([./][A-Za-z0-9_:-]+)+$/, {
  error: "a sysctl here begins with net, such as net.ipv4.ip_forward",
});
const vlanId = z.int().min(1).max(4094);
const vlanTag = z
  .union([z.string(), vlanId])
  .transform((value) => String(value))
  .pipe(parsed(parseVlanTag, "a VLAN, such as 10 or 802.1ad:10"));
const ethernetMtu = z.int().min(68).max(65_535);
const transportPort = z.int().min(1).max(65_535);
const command = z.string().min(1);
const publishedPort = z.string().regex(/^[0-9]{1,5}:[0-9]{1,5}(\/udp)?$/, {
  error: "a published port is HOST:CONTAINER, such as 8080:80, or 5353:53/udp",
});
const hostName = z.string().regex(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/, {
  error: "a name has small letters, digits, dots and -",
});

const switchPort = strict({
  hairpin: z
    .boolean()
    .default(false)
    .describe("reflective relay: frames may leave where they came"),
  isolated: z.boolean().default(false).describe("exchanges nothing with other isolated ports"),
  access: vlanId.exactOptional().describe("untagged here, this VLAN inside"),
  trunk: z.array(vlanId).exactOptional().describe("VLANs that pass tagged"),
  native: vlanId.exactOptional().describe("the VLAN of untagged frames on a trunk"),
  lock: z.array(mac).exactOptional().describe("port security: the only source MACs let in"),
});

const setup = {
  routes: listOf(
    strict({
      to: z.union([z.literal("default"), prefix]),
      via: ip.exactOptional(),
      dev: linkName.exactOptional(),
      metric: z.int().min(0).exactOptional(),
    }),
  ),
  sysctls: mapOf(
    sysctlName,
    z.union([z.string(), z.number()]).transform((value) => String(value)),
  ),
  run: listOf(command).describe("shell commands in this node's namespace"),
};

const vlanKey = z.string().regex(/^[1-9][0-9]{0,3}$/, {
  error: "a VLAN is a number from 1 to 4094",
});

const nic = strict({
  switch: name,
  port: linkName.exactOptional().describe("a free one when left out"),
  mac: mac.exactOptional().describe("derived from the names when left out"),
  addresses: listOf(address),
  mtu: ethernetMtu.default(1500),
  up: z.boolean().default(true),
  vlans: mapOf(vlanKey, strict({ addresses: listOf(address) })).describe(
    "links for tagged frames by VLAN; that of eth0 for VLAN 10 is eth0.10",
  ),
});

const network = strict({
  driver: z
    .enum(["macvlan", "ipvlan", "docker-bridge"])
    .default("macvlan")
    .describe("docker-bridge: Docker's own network, which has no parent; with door docker"),
  mode: z
    .enum(["bridge", "private", "vepa", "passthru", "source", "l2", "l3", "l3s"])
    .exactOptional(),
  flag: z
    .enum(["bridge", "private", "vepa", "nopromisc", "nodst"])
    .exactOptional()
    .describe("of ipvlan; nopromisc of macvlan passthru; nodst of macvlan source"),
  parent: linkName.exactOptional().describe("the link that containers hang on"),
  vlan: oneOrMany(vlanTag)
    .exactOptional()
    .describe("the VLAN of the parent, such as 10 or 802.1ad:10; tags in tags outermost first"),
  subnets: listOf(prefix),
  gateway: oneOrMany(ip).exactOptional(),
  ranges: listOf(range),
  exclude: listOf(range),
  reservations: mapOf(name, oneOrMany(ip)).describe("addresses that are always a container's"),
  routes: listOf(strict({ to: prefix, via: ip.exactOptional() })),
  source: listOf(mac).describe("macvlan mode source: the peers it listens to"),
  mtu: ethernetMtu.exactOptional(),
  internal: z.boolean().default(false),
  addressing: z.enum(["pool", "dhcp", "none"]).default("pool"),
  conflictCheck: z.enum(["fast", "full", "off"]).exactOptional(),
  hostAccess: z.enum(["none", "shim", "ptp"]).exactOptional(),
  create: z
    .enum(["start", "later"])
    .default("start")
    .describe("later: by the action `create network NAME on HOST`"),
  bcqueuelen: z.int().min(0).exactOptional().describe("broadcast queue of the parent, in frames"),
  cni: z
    .string()
    .exactOptional()
    .describe("the CNI configuration, as it is in a file of /etc/cni/net.d; with door cni"),
});

const container = strict({
  networks: mapOf(
    name,
    strict({
      ip: oneOrMany(ip).exactOptional(),
      mac: mac.exactOptional(),
      ifname: linkName.exactOptional().describe("eth0, eth1, ... in order when left out"),
      defaultRoute: z.boolean().exactOptional(),
      tap: z.boolean().default(false).describe("a macvtap link, as landfall attach --tap"),
    }),
  ),
  sysctls: setup.sysctls,
  run: setup.run,
  publish: listOf(publishedPort).describe("ports of the host that lead here; with door docker"),
});

const host = strict({
  ...setup,
  nics: mapOf(linkName, nic),
  networks: mapOf(name, network),
  containers: mapOf(name, container),
  nameservers: listOf(ip).describe("whom Docker asks for names outside; with door docker"),
});

const machine = strict({
  ...nic.shape,
  ...setup,
  dhcp: strict({
    range,
    router: ip4.exactOptional(),
    dns: listOf(ip4),
    leaseTime: z
      .number()
      .min(1)
      .transform(seconds)
      .exactOptional()
      .describe("how long a lease lasts, in seconds"),
  }).exactOptional(),
  names: mapOf(hostName, ip4).describe("names that this machine answers for, as a name server"),
});

const probe = {
  tcp: transportPort.exactOptional().describe("a TCP connection to this port instead of a ping"),
  udp: transportPort.exactOptional().describe("a UDP datagram to this port instead of a ping"),
  version: z.literal([4, 6]).exactOptional().describe("4 where both sides have it, else 6"),
};
const because = z
  .enum(dispositions)
  .exactOptional()
  .describe("the reason, for the model to confirm");

const flowCheck = strict({
  flow,
  ...probe,
  size: z.int().min(0).max(65_507).exactOptional().describe("payload in bytes"),
  fromInterface: linkName.exactOptional().describe("the sender's link that the socket is bound to"),
  seenAs: nodeRef.exactOptional().describe("whose address the target must see as the sender's"),
  expect: z.enum(["reachable", "unreachable"]),
  because,
});

const captureCheck = strict({
  capture: parsed(parsePoint, "NODE/LINK or SWITCH/PORT"),
  filter: parsed(parseFilterText, "which frames count, such as: arp reply and host 10.0.0.2"),
  during: flow,
  ...probe,
  expect: z.union([
    z.enum(["none", "some"]),
    z.int().min(0),
    strict({ min: z.int().min(0).default(0), max: z.int().min(0).exactOptional() }),
  ]),
  because,
});

const neighbourCheck = strict({
  neighbour: nodeRef.describe("whose neighbour table"),
  of: nodeRef.describe("whose entry"),
  version: probe.version,
  expect: parsed(parseNeighbour, "a MAC, a node whose MAC it is, none, or failed"),
  because,
});

const matrixCheck = strict({
  matrix: z.array(nodeRef).min(2).describe("each of these reaches each other"),
  ...probe,
  except: listOf(strict({ flow, because })).describe("the pairs that must not"),
  because: because.describe("the reason of the exceptions that give none"),
});

const statusCheck = strict({
  status: name.describe("the host whose status is asked"),
  expect: z
    .array(parsed(parseFinding, "CONTAINER KIND, such as: c1 sandbox-gone, or NETWORK parent-down"))
    .describe("everything that book and kernel disagree about, in any order; [] for nothing"),
});

const leasesCheck = strict({
  leases: name.describe("the host whose book is read"),
  expect: z
    .array(parsed(parseLease, "CONTAINER ADDRESS, or resting ADDRESS"))
    .describe("every address that is given or rests, in any order"),
});

const actionCheck = strict({
  do: oneOrMany(action),
  expect: z.enum(["done", "refused", "warned"]).default("done"),
  code: z
    .string()
    .regex(/^LF-[A-Z0-9-]+$/, { error: "a problem code looks like LF-POOL-EXHAUSTED" })
    .exactOptional()
    .describe("the problem that the last action must be refused with, or warn of"),
});

/** A scenario file: forms are checked and values parsed; names may still lead nowhere. */
export const scenarioSchema = strict({
  id: z.string().regex(/^[A-Za-z0-9-]{1,64}$/, { error: "an id has letters, digits and -" }),
  title: z.string().min(1),
  description: z.string().exactOptional(),
  needs: listOf(z.enum(kernelFeatures)).describe("kernel features; skipped where one is missing"),
  door: z.enum(doors).default("attach").describe("which door containers come through"),
  switches: mapOf(name, strict({ ports: mapOf(linkName, switchPort) })),
  hosts: mapOf(name, host),
  machines: mapOf(name, machine).describe("other machines on the LAN; their link is eth0"),
  checks: listOf(
    z.union([
      flowCheck,
      captureCheck,
      neighbourCheck,
      matrixCheck,
      statusCheck,
      leasesCheck,
      actionCheck,
    ]),
  ).describe("done in order"),
});

export type ScenarioDraft = z.output<typeof scenarioSchema>;
export type HostDraft = z.output<typeof host>;
export type NicDraft = z.output<typeof nic>;
export type NetworkDraft = z.output<typeof network>;
export type ContainerDraft = z.output<typeof container>;
export type SwitchPortDraft = z.output<typeof switchPort>;
export type RouteDraft = z.output<typeof setup.routes>[number];
export type CheckDraft = ScenarioDraft["checks"][number];

/** The JSON Schema (2020-12) of scenario files, for editors. It does not know what names mean. */
export function scenarioJsonSchema(): Readonly<Record<string, unknown>> {
  const schema = z.toJSONSchema(scenarioSchema, { io: "input", target: "draft-2020-12" });
  return { ...schema, title: "Landfall scenario", description: "A lab and what must hold in it." };
}
