import {
  interfaceAddress,
  interfaceAddressIp,
  ipFromBigint,
  ipToBigint,
  type Mac,
  parseInterfaceAddress,
  prefixLength,
} from "../addr/index.ts";
import { err, ok, type Problem, type Result } from "../base/index.ts";
import {
  type AttachmentKey,
  type Endpoint,
  type EndpointId,
  formatAttachment,
  type IfName,
  ifnameTaken,
  type LinkAlias,
  type Mtu,
  type Network,
  type NetworkId,
  type NetworkName,
  type NetworkSpec,
  networkMissing,
  parentMissing,
  type SandboxId,
  type SegmentName,
} from "../domain/index.ts";
import type {
  AddressSet,
  AssignRequest,
  Attached,
  AttachmentRequest,
  Attachments,
  AttachmentView,
  EnsureOptions,
  GivenAddress,
  Hold,
  HostFacts,
  ObservedLink,
  ParentFacts,
  SandboxHandle,
} from "../engine/index.ts";

/** Helpers of this folder's tests; product code must not import them. */

/** The engine's side of the plugins, in memory: it says what was asked of it, and can refuse. */
export class FakeAttachments implements Attachments, HostFacts {
  readonly asked: string[] = [];
  readonly networks: Network[] = [];
  readonly views = new Map<string, AttachmentView>();
  /** Links by "cookie ifname". */
  readonly links = new Map<string, ObservedLink>();
  readonly holds: Hold[] = [];
  readonly requests: AttachmentRequest[] = [];
  readonly parents = new Map<string, ParentFacts>();
  defaultParent: string | undefined = "eth0";
  /** What the next `add` or `remove` is refused with. */
  refusal: Problem | undefined;
  #count = 0;

  constructor() {
    this.parents.set("eth0", { name: "eth0" as IfName, mtu: 1500 as Mtu, state: "up" });
  }

  async ensureNetwork(spec: NetworkSpec, { holds }: EnsureOptions = {}) {
    const known = this.networks.find(({ origin }) => digestOf(origin) === digestOf(spec.origin));
    if (known !== undefined) return ok(known);
    const taken = holds?.() ?? ok([]);
    if (!taken.ok) return taken;
    this.holds.push(...taken.value);
    const network = this.#networkOf(spec);
    this.networks.push(network);
    this.asked.push(`network ${spec.name} on ${spec.parent}`);
    return ok(network);
  }

  #networkOf(spec: NetworkSpec): Network {
    const id = `net-${this.networks.length}` as NetworkId;
    return { ...spec, id, segment: "lan" as SegmentName, createdAt: "2026-01-01T00:00:00Z" };
  }

  async add(request: AttachmentRequest): Promise<Result<Attached, Problem>> {
    this.asked.push(`add ${formatAttachment(request.key)}`);
    const { refusal } = this;
    this.refusal = undefined;
    if (refusal !== undefined) return err(refusal);
    const { key, sandbox } = request;
    const at = linkKey(sandbox, key.ifname);
    if (this.links.has(at) || this.views.has(formatAttachment(key))) {
      return err(ifnameTaken({ ifname: key.ifname, sandbox: sandbox.path }));
    }
    this.requests.push(request);
    const addresses = this.#choose(request);
    const mac = request.mac ?? (`02:00:00:00:00:0${++this.#count}` as Mac);
    const network = this.networks.find(({ name }) => name === request.network);
    if (network === undefined) {
      return err(networkMissing({ network: request.network, known: [], nearest: undefined }));
    }
    const endpoint = endpointOf(request, { network, mac, addresses });
    const view = { key, endpoint, network: network.name };
    this.views.set(formatAttachment(key), view);
    const mtu = network.mtu ?? (1500 as Mtu);
    this.links.set(at, {
      kind: network.driver.kind,
      mode: network.driver.mode,
      parent: network.parent,
      state: "up",
      addresses: addresses.map(({ address }) => ({ address })),
      routes: endpoint.routes,
      mac,
      mtu,
    });
    return ok({ ...view, mac, mtu, addresses });
  }

  #choose({ addressing }: AttachmentRequest): readonly GivenAddress[] {
    switch (addressing.kind) {
      case "none":
        return [];
      case "given":
        return addressing.addresses;
      case "network":
        return [{ address: must(parseInterfaceAddress("192.0.2.9/24")) }];
      case "sets":
        return addressing.sets.map((set) => this.#chooseOfSet(set));
    }
  }

  #chooseOfSet({ pools, requested }: AddressSet): GivenAddress {
    const [pool] = pools;
    if (pool === undefined) throw new Error("a set without pools");
    const { version, first } = pool.range;
    const given = [...this.views.values()].flatMap(({ endpoint }) => endpoint.addresses);
    const taken = [
      ...given.map(interfaceAddressIp),
      ...this.holds.map(({ address }) => address),
      pool.gateway,
    ];
    let next = requested ?? ipFromBigint(version, first);
    while (requested === undefined && taken.includes(next)) {
      next = ipFromBigint(version, ipToBigint(next) + 1n);
    }
    const address = interfaceAddress(next, prefixLength(pool.prefix));
    return { address, ...(pool.gateway === undefined ? {} : { gateway: pool.gateway }) };
  }

  async findRoom(): Promise<Result<void, Problem>> {
    const { refusal } = this;
    this.refusal = undefined;
    return refusal === undefined ? ok() : err(refusal);
  }

  async assign(request: AssignRequest): Promise<Result<Attached, Problem>> {
    const { key, addressing, routes, sandbox } = request;
    const name = formatAttachment(key);
    this.asked.push(`assign ${name}`);
    const view = this.views.get(name);
    const link = this.links.get(linkKey(sandbox, key.ifname));
    if (view === undefined || link === undefined) throw new Error(`${name} is not attached`);
    const { refusal } = this;
    this.refusal = undefined;
    if (refusal !== undefined) {
      await this.remove(key);
      return err(refusal);
    }
    const { addresses } = addressing;
    const plain = addresses.map(({ address }) => address);
    const given = typeof routes === "function" ? routes(plain) : routes;
    const endpoint = { ...view.endpoint, addresses: plain, routes: given };
    this.views.set(name, { ...view, endpoint });
    const shown = addresses.map(({ address }) => ({ address }));
    this.links.set(linkKey(sandbox, key.ifname), { ...link, addresses: shown, routes: given });
    const { mac, mtu } = link;
    return ok({ ...view, endpoint, addresses, mtu, ...(mac === undefined ? {} : { mac }) });
  }

  async remove(key: AttachmentKey) {
    const { refusal } = this;
    this.refusal = undefined;
    if (refusal !== undefined) return err(refusal);
    const view = this.views.get(formatAttachment(key));
    this.asked.push(`remove ${formatAttachment(key)}${view === undefined ? ": nothing" : ""}`);
    this.views.delete(formatAttachment(key));
    if (view !== undefined) this.links.delete(`${view.endpoint.sandbox.id} ${key.ifname}`);
    return ok(view);
  }

  async find(key: AttachmentKey) {
    return ok(this.views.get(formatAttachment(key)));
  }

  async list(configuration?: string) {
    const all = [...this.views.values()];
    return ok(
      all.filter(({ key }) => configuration === undefined || key.network === configuration),
    );
  }

  async exclusively<T>(
    _key: AttachmentKey,
    _signal: AbortSignal,
    work: () => Promise<Result<T, Problem>>,
  ) {
    return work();
  }

  async hold(_network: NetworkName, holds: readonly Hold[]) {
    this.holds.push(...holds);
    return ok();
  }

  async unhold({ containerId, ifname, ...key }: AttachmentKey) {
    this.asked.push(`unhold ${containerId}, ${ifname} of ${key.network}`);
    return ok([]);
  }

  async parent(name: IfName | undefined): Promise<Result<ParentFacts, Problem>> {
    const wanted = name ?? this.defaultParent ?? "default route";
    const found = this.parents.get(wanted);
    return found === undefined
      ? err(parentMissing({ parent: wanted, links: [], nearest: undefined }))
      : ok(found);
  }

  async observe(sandbox: SandboxHandle, ifname: IfName) {
    return ok(this.links.get(linkKey(sandbox, ifname)));
  }

  async removeUnrecorded(sandbox: SandboxHandle, ifname: IfName) {
    this.asked.push(`remove link ${ifname}`);
    const isGone = this.links.delete(linkKey(sandbox, ifname));
    return ok(isGone ? ("removed" as const) : ("nothing" as const));
  }

  async network(name: NetworkName): Promise<Result<Network, Problem>> {
    const found = this.networks.find((network) => network.name === name);
    if (found !== undefined) return ok(found);
    return err(networkMissing({ network: name, known: [], nearest: undefined }));
  }
}

function must<T, E>(result: Result<T, E>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

function digestOf(origin: NetworkSpec["origin"]): string {
  return origin?.kind === "cni" ? origin.digest : "";
}

function linkKey({ netns }: SandboxHandle, ifname: IfName): string {
  return `${netns.cookie} ${ifname}`;
}

interface Chosen {
  readonly network: Network;
  readonly mac: Mac;
  readonly addresses: readonly GivenAddress[];
}

function endpointOf(
  { key, sandbox, routes = [], workload }: AttachmentRequest,
  { network, mac, addresses }: Chosen,
): Endpoint {
  const id = `ep-${key.containerId}` as EndpointId;
  const own = addresses.map(({ address }) => address);
  const link = { ifindex: 7, madeAs: "lf0" as IfName, mac, alias: "a" as LinkAlias };
  return {
    id,
    network: network.id,
    sandbox: { id: String(sandbox.netns.cookie) as SandboxId, path: sandbox.path },
    ifname: key.ifname,
    link,
    addresses: own,
    gateways: [],
    routes: typeof routes === "function" ? routes(own) : routes,
    attachment: key,
    state: "attached",
    createdAt: "2026-01-01T00:00:00Z",
    ...(workload === undefined ? {} : { workload }),
  };
}
