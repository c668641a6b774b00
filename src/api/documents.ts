import { z } from "@hono/zod-openapi";
import { ExitCode, ok, type Problem, unreachable } from "../base/index.ts";
import {
  type Endpoint,
  type EndpointRoute,
  type LinkAlias,
  type Network,
  parseDriver,
  type SandboxId,
} from "../domain/index.ts";
import {
  type EndpointView,
  type Finding,
  findingActions,
  findingKinds,
  type LeaseView,
  type NetworkView,
  networkFindingKinds,
  type Reconciled,
} from "../engine/index.ts";
import { given, type networkRequest, reservation, route } from "./requests.ts";
import * as value from "./values.ts";

/** Added to, never changed: scripts read these documents. */
const schemaVersion = z.literal(1);

const problemFields = z
  .object({
    code: z.templateLiteral(["LF-", z.string()]).openapi({ type: "string" }),
    title: z.string(),
    detail: z.string(),
    remedy: z.string(),
    command: z.string().optional(),
    retryable: z.boolean(),
    exitCode: z.union([
      z.literal(ExitCode.yes),
      z.literal(ExitCode.no),
      z.literal(ExitCode.usage),
      z.literal(ExitCode.daemonAway),
      z.literal(ExitCode.notPermitted),
      z.literal(ExitCode.failed),
    ]),
    cniCode: z.number(),
    facts: z.record(
      z.string(),
      z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]),
    ),
  })
  .openapi("ProblemFields");

/** What could not be done, and what to do now; with the members of RFC 9457, section 3.1. */
export const problemAnswer = problemFields
  .extend({ type: z.string(), status: z.number(), causes: z.array(problemFields).optional() })
  .openapi("ProblemAnswer");

const problem = problemFields
  .extend({ causes: z.array(problemFields).optional() })
  .transform((fields): Problem => {
    const { causes, ...rest } = fields;
    return { ...given(rest), ...given({ causes: causes?.map((cause) => given(cause)) }) };
  })
  .openapi("Problem");

const subnet = z
  .object({
    prefix: value.prefix,
    gateway: value.address.optional(),
    ranges: z.array(value.range),
    exclusions: z.array(value.range),
  })
  .transform(given)
  .openapi("Subnet");

const networkOrigin = z
  .discriminatedUnion("kind", [
    z.object({
      kind: z.literal("docker"),
      id: z.string(),
      pools: z.array(z.object({ id: z.string(), prefix: value.prefix })),
    }),
    z.object({ kind: z.literal("cni"), name: z.string(), digest: z.string() }),
  ])
  .openapi("NetworkOrigin");

/** A network that exists, and what hangs on it. */
export const network = z
  .object({
    id: value.networkId,
    name: value.networkName,
    driver: z.string(),
    mode: z.string(),
    flag: z.string().optional(),
    sources: z.array(value.mac).optional(),
    bcQueueLen: z.number().optional(),
    vlanTag: value.vlanTag.optional(),
    parent: value.ifname,
    segment: value.segmentName,
    subnets: z.array(subnet),
    reservations: z.array(reservation),
    routes: z.array(route),
    mtu: value.mtu.optional(),
    internal: z.boolean(),
    parentChecks: z.literal("due").optional(),
    parentLink: z.literal("made").optional(),
    parentPlace: z.literal("sandbox").optional(),
    vlan: z.object({ on: value.ifname, tags: z.array(value.vlanTag) }).optional(),
    addressing: z.literal("none").optional(),
    routers: z.array(value.address).optional(),
    origin: networkOrigin.optional(),
    endpoints: z.array(value.endpointId),
    createdAt: z.string(),
  })
  .openapi("Network");

const networkView = network.transform((document, context): NetworkView => {
  const { id, name, parent, segment, subnets, routes, createdAt, endpoints } = document;
  const { driver: kind, mode, flag, sources, bcQueueLen, reservations, mtu, internal } = document;
  const { parentChecks, parentLink, parentPlace, addressing, routers, origin, vlan } = document;
  const { vlanTag } = document;
  const driver =
    vlanTag === undefined
      ? parseDriver({ kind, mode, ...given({ flag, sources, bcQueueLen }) })
      : ok({ kind: "vlan" as const, mode: vlanTag.protocol, id: vlanTag.id });
  if (!driver.ok) return value.read(driver, context);
  const rest = {
    reservations: reservations.length === 0 ? undefined : reservations,
    mtu,
    ...{ parentChecks, parentLink, parentPlace, addressing, routers, origin, vlan },
  };
  const row: Network = {
    ...{ id, name, parent, segment, subnets, routes, createdAt, driver: driver.value },
    reach: internal ? "internal" : "routed",
    ...given(rest),
  };
  return { network: row, endpoints };
});

const link = z.object({
  ifindex: z.number(),
  madeAs: value.ifname,
  alias: z.string().transform((alias) => alias as LinkAlias),
});

const endpointRoute = z
  .object({
    to: value.prefix,
    via: value.address.optional(),
    metric: z.number().optional(),
    table: z.number().optional(),
    scope: z.number().optional(),
  })
  .transform((row): EndpointRoute => {
    const { to, ...rest } = row;
    return { to, ...given(rest) };
  })
  .openapi("EndpointRoute");

/** What a container runtime calls an endpoint. */
const attachment = z
  .object({ network: z.string(), containerId: z.string(), ifname: value.ifname })
  .openapi("Attachment");

/** The files that tell other address managers of the addresses of an endpoint. */
const allocations = z
  .object({
    directory: z.string(),
    files: z.array(z.object({ address: value.address, set: z.number() })),
  })
  .openapi("Allocations");

/** One attachment of one sandbox to one network. */
export const endpoint = z
  .object({
    id: value.endpointId,
    network: value.networkName,
    networkId: value.networkId,
    sandbox: z.string(),
    sandboxId: z.string().transform((id) => id as SandboxId),
    mover: z.literal("docker").optional(),
    ifname: value.ifname,
    mac: value.mac.optional(),
    link,
    linkKind: z.enum(["macvtap", "ipvtap"]).optional(),
    tap: z.string().optional(),
    addresses: z.array(value.interfaceAddress),
    gateway: value.address.optional(),
    gateways: z.array(value.address),
    routes: z.array(endpointRoute),
    mtu: value.mtu.optional(),
    workload: value.workloadName.optional(),
    attachment: attachment.optional(),
    allocations: allocations.optional(),
    state: z.enum(["attaching", "attached", "detaching", "detached"]),
    createdAt: z.string(),
  })
  .openapi("Endpoint");

const endpointView = endpoint.transform((document): EndpointView => {
  const { id, networkId, sandbox: path, sandboxId, ifname, mac, link, linkKind } = document;
  const sandbox = { id: sandboxId, path, ...given({ mover: document.mover }) };
  const { addresses, gateways, routes, mtu, workload, state, createdAt } = document;
  const { attachment: key, allocations: files } = document;
  const row: Endpoint = {
    ...{ id, network: networkId, sandbox, ifname },
    ...{ link: { ...link, ...given({ mac }) }, addresses, gateways, routes, state, createdAt },
    ...given({ linkKind, mtu, workload, attachment: key, allocations: files }),
  };
  return { endpoint: row, network: document.network };
});

/** An address in the book. */
const place = { segment: value.segmentName, address: value.address };
const ownLease = {
  ...place,
  prefix: value.prefix,
  network: value.networkName,
  endpoint: value.endpointId,
  workload: value.workloadName.optional(),
  origin: z.enum(["pool", "requested", "reserved"]),
  acquiredAt: z.string(),
};
const heldLease = z.object({
  ...ownLease,
  attachment: attachment.optional(),
  state: z.literal("held"),
});
const restingLease = z.object({ ...ownLease, state: z.literal("resting"), until: z.string() });
/** One that a file of other programs gives away. */
const leaseElsewhere = z.object({
  ...place,
  state: z.literal("elsewhere"),
  configuration: z.string(),
  file: z.string(),
  holder: z.object({ containerId: z.string(), ifname: z.string().optional() }),
});

export const lease = z
  .discriminatedUnion("state", [heldLease, restingLease, leaseElsewhere])
  .openapi("Lease");

const leaseView = lease.transform((row): LeaseView => {
  switch (row.state) {
    case "held": {
      const { state: kind, ...rest } = row;
      return { ...given(rest), kind };
    }
    case "resting": {
      const { state: kind, ...rest } = row;
      return { ...given(rest), kind };
    }
    case "elsewhere": {
      const { state: kind, holder, ...rest } = row;
      return { ...rest, kind, holder: given(holder) };
    }
    default:
      return unreachable(row);
  }
});

const findingFacts = {
  network: value.networkName,
  detail: z.string(),
  action: z.enum(findingActions),
};

const endpointFinding = z.object({
  subject: z.literal("endpoint"),
  endpoint: value.endpointId,
  sandbox: z.string(),
  ifname: value.ifname,
  kind: z.enum(findingKinds),
  ...findingFacts,
});

const networkFinding = z.object({
  subject: z.literal("network"),
  kind: z.enum(networkFindingKinds),
  ...findingFacts,
});

/** Something about which book and kernel do not say the same, or that is in flight. */
export const finding = z
  .discriminatedUnion("subject", [endpointFinding, networkFinding])
  .transform((row): Finding => row)
  .openapi("Finding");

const outcome = {
  outcome: z.enum(["done", "left", "failed"]),
  problem: problem.optional(),
};

/** What became of a finding. */
export const reconciled = z
  .discriminatedUnion("subject", [endpointFinding.extend(outcome), networkFinding.extend(outcome)])
  .transform(({ outcome, problem: cause, ...row }): Reconciled => {
    return { finding: row, outcome, ...given({ problem: cause }) };
  })
  .openapi("Reconciled");

const warnings = z.array(problem).optional();

/** The documents of a successful answer, by what they hold. */
export const answers = {
  networks: z
    .object({ schemaVersion, networks: z.array(networkView) })
    .transform(({ networks }) => networks)
    .openapi("NetworkList"),
  network: z
    .object({ schemaVersion, network: networkView, warnings })
    .transform((answer): NetworkView => {
      return { ...answer.network, ...given({ warnings: answer.warnings }) };
    })
    .openapi("NetworkAnswer"),
  endpoints: z
    .object({ schemaVersion, endpoints: z.array(endpointView) })
    .transform(({ endpoints }) => endpoints)
    .openapi("EndpointList"),
  endpoint: z
    .object({ schemaVersion, endpoint: endpointView, warnings })
    .transform((answer): EndpointView => {
      return { ...answer.endpoint, ...given({ warnings: answer.warnings }) };
    })
    .openapi("EndpointAnswer"),
  leases: z
    .object({ schemaVersion, leases: z.array(leaseView) })
    .transform(({ leases }) => leases)
    .openapi("LeaseList"),
  findings: z
    .object({ schemaVersion, findings: z.array(finding) })
    .transform(({ findings }) => findings)
    .openapi("FindingList"),
  reconciled: z
    .object({ schemaVersion, reconciled: z.array(reconciled) })
    .transform((answer) => answer.reconciled)
    .openapi("ReconciledList"),
  daemon: z
    .object({
      schemaVersion,
      daemon: z.object({
        version: z.string(),
        pid: z.number(),
        stateDirectory: z.string(),
        /** SO_NETNS_COOKIE of the namespace that the parents are in, in decimal. */
        namespace: z.string(),
      }),
    })
    .transform(({ daemon }) => daemon)
    .openapi("DaemonAnswer"),
} as const;

/** The documents as JSON has them, before they are read. */
export type documents = {
  readonly network: z.input<typeof network>;
  readonly endpoint: z.input<typeof endpoint>;
  readonly lease: z.input<typeof lease>;
  readonly reconciled: z.input<typeof reconciled>;
  readonly problem: z.input<typeof problem>;
  readonly cause: z.input<typeof problemFields>;
  readonly route: z.input<typeof route>;
  readonly endpointRoute: z.input<typeof endpointRoute>;
  readonly networkRequest: z.input<typeof networkRequest>;
};
