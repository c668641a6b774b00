import {
  type InterfaceAddress,
  type Ip,
  interfaceAddress,
  interfaceAddressIp,
  type Mac,
  prefixContains,
  prefixLength,
} from "../addr/index.ts";
import { err, type Millis, millis, ok, type Problem } from "../base/index.ts";
import {
  type Endpoint,
  type EndpointId,
  endpointMissing,
  type IfName,
  type LinkAlias,
  type Network,
  type NetworkId,
  type NetworkName,
  type NetworkSpec,
  networkExists,
  networkMissing,
  runtimeSandbox,
  type SegmentName,
} from "../domain/index.ts";
import type {
  ClaimRequest,
  EndpointView,
  Engine,
  Handover,
  HandoverRequest,
  NetworkView,
} from "../engine/index.ts";
import type { Clock } from "../platform/index.ts";
import { dockerPlugin } from "./docker-plugin.ts";

/** Helpers of this folder's tests; product code must not import them. */

/** An engine that remembers networks and endpoints, and says what was asked of it. */
export class FakeEngine {
  readonly networks: Network[] = [];
  readonly endpoints: EndpointView[] = [];
  readonly asked: string[] = [];

  readonly engine = {
    createNetwork: async (spec: NetworkSpec) => {
      const { name } = spec;
      this.asked.push(`create ${name}`);
      if (this.networks.some((other) => other.name === name))
        return err(networkExists({ network: name }));
      const network: Network = {
        ...spec,
        id: `net-${name}` as NetworkId,
        segment: "lan" as SegmentName,
        createdAt: "2026-01-01T00:00:00.000Z",
      };
      this.networks.push(network);
      return ok(this.#viewOf(network));
    },
    removeNetwork: async (name: NetworkName) => {
      this.asked.push(`remove ${name}`);
      const at = this.networks.findIndex((network) => network.name === name);
      const [network] = at < 0 ? [] : this.networks.splice(at, 1);
      if (network !== undefined) return ok(this.#viewOf(network));
      return err(networkMissing({ network: name, known: [], nearest: undefined }));
    },
    listEndpoints: async () => ok(this.endpoints),
    detach: async (selector: { readonly kind: string; readonly id?: EndpointId }) => {
      this.asked.push(`detach ${selector.id}`);
      return this.take(({ endpoint }) => endpoint.id === selector.id);
    },
  } as Partial<Engine> as Engine;

  readonly handover: Handover = {
    listNetworks: async () => ok(this.networks),
    claim: async ({ network, prefix, address, workload }: ClaimRequest) => {
      this.asked.push(["claim", network, prefix, address ?? "any", workload].join(" ").trim());
      return ok(interfaceAddress(address ?? this.#firstFree(prefix), prefixLength(prefix)));
    },
    giveUp: (network, address) => {
      this.asked.push(`give up ${network} ${address}`);
    },
    prepare: async (request) => {
      const { network, addresses, mac, workload } = request;
      this.asked.push(["prepare", network, ...addresses, mac, workload].filter(Boolean).join(" "));
      const known = this.find(request.runtimeId);
      if (known !== undefined) return ok(known);
      const view = { endpoint: this.#endpointOf(request), network };
      this.endpoints.push(view);
      return ok(view);
    },
    expectIn: async (runtimeId, path) => {
      this.asked.push(`expect in ${path}`);
      const view = this.find(runtimeId);
      return view === undefined
        ? err(endpointMissing({ endpoint: runtimeId, nearest: undefined }))
        : ok(view);
    },
    list: async () => ok([]),
    withdraw: async (runtimeId) => {
      this.asked.push("withdraw");
      const taken = this.take((view) => view === this.find(runtimeId));
      return ok(taken.ok ? taken.value : undefined);
    },
  };

  find(runtimeId: string): EndpointView | undefined {
    const { id } = runtimeSandbox("boot", runtimeId);
    return this.endpoints.find(({ endpoint }) => endpoint.sandbox.id === id);
  }

  take(which: (view: EndpointView) => boolean) {
    const at = this.endpoints.findIndex(which);
    const [view] = at < 0 ? [] : this.endpoints.splice(at, 1);
    if (view !== undefined) return ok(view);
    return err(endpointMissing({ endpoint: "it", nearest: undefined }));
  }

  #viewOf(network: Network): NetworkView {
    const own = this.endpoints.filter(({ endpoint }) => endpoint.network === network.id);
    return { network, endpoints: own.map(({ endpoint }) => endpoint.id) };
  }

  #firstFree(prefix: ClaimRequest["prefix"]): Ip {
    const [candidates] = [["10.0.0.130", "fd00::130"] as Ip[]];
    return candidates?.find((candidate) => prefixContains(prefix, candidate)) as Ip;
  }

  #endpointOf({ network, runtimeId, addresses, mac, ifname }: HandoverRequest): Endpoint {
    const { id, subnets, routes } = this.networks.find((row) => row.name === network) as Network;
    const count = this.endpoints.length + 1;
    const lengthOf = (ip: Ip): InterfaceAddress | undefined => {
      const subnet = subnets.find(({ prefix }) => prefixContains(prefix, ip));
      return subnet && interfaceAddress(ip, prefixLength(subnet.prefix));
    };
    return {
      id: `ep-${count}` as EndpointId,
      network: id,
      sandbox: runtimeSandbox("boot", runtimeId),
      ifname: ifname ?? ("eth0" as IfName),
      link: {
        ifindex: 1000 + count,
        madeAs: `lf${count}` as IfName,
        mac: mac ?? ("02:00:00:00:00:99" as Mac),
        alias: "landfall:u:e" as LinkAlias,
      },
      addresses: addresses.flatMap((ip) => lengthOf(ip) ?? []),
      gateways: subnets.flatMap(({ gateway }) => gateway ?? []),
      routes,
      state: "attached",
      createdAt: "2026-01-01T00:00:00.000Z",
    };
  }
}

/** The bare addresses of an endpoint. */
export function addressesOf({ endpoint }: EndpointView): readonly Ip[] {
  return endpoint.addresses.map(interfaceAddressIp);
}

/** A clock that moves only when the test says so; nobody who sleeps wakes before. */
export class FakeClock implements Clock {
  #now = 1000;
  #sleepers: { readonly until: number; readonly wake: () => void }[] = [];

  boottime(): Millis {
    return millis(this.#now);
  }

  wall(): Date {
    return new Date(this.#now);
  }

  sleep(duration: Millis, signal?: AbortSignal): Promise<void> {
    return new Promise((wake) => {
      if (signal?.aborted) wake();
      signal?.addEventListener("abort", () => wake());
      this.#sleepers.push({ until: this.#now + duration, wake });
    });
  }

  /** Sleepers wake in their order, and what they do then is done before this returns. */
  async pass(duration: Millis): Promise<void> {
    this.#now += duration;
    const due = this.#sleepers.filter(({ until }) => until <= this.#now);
    this.#sleepers = this.#sleepers.filter((sleeper) => !due.includes(sleeper));
    for (const { wake } of due) wake();
    await Bun.sleep(0);
  }
}

/** A plugin on a fake engine, and what it told. */
export class FakeSite {
  readonly fake = new FakeEngine();
  readonly clock = new FakeClock();
  readonly refused: Problem[] = [];
  readonly warned: Problem[] = [];
  readonly bugs: Error[] = [];
  #count = 0;

  /** Another one on the same book: the daemon was restarted. */
  open(handover: Partial<Handover> = {}) {
    return dockerPlugin({
      engine: this.fake.engine,
      handover: { ...this.fake.handover, ...handover },
      clock: this.clock,
      random: { bytes: (count) => new Uint8Array(count).fill(++this.#count) },
      listener: {
        bug: (error) => this.bugs.push(error),
        refused: (problem) => this.refused.push(problem),
        warned: (problem) => this.warned.push(problem),
      },
    });
  }

  plugin = this.open();

  restart(): void {
    this.plugin = this.open();
  }

  /** What Docker is answered; a body that is no text is sent as JSON. */
  async ask(method: string, body?: unknown): Promise<Record<string, unknown>> {
    return (await (await this.send(method, body)).json()) as Record<string, unknown>;
  }

  send(method: string, body?: unknown): Promise<Response> {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const init = { method: "POST", ...(text === undefined ? {} : { body: text }) };
    return this.plugin.fetch(new Request(`http://plugin.moby.localhost/${method}`, init));
  }

  /** The code that Docker was told last. */
  async codeOf(method: string, body?: unknown): Promise<string> {
    const answer = await this.ask(method, body);
    return /\((LF-[A-Z0-9-]+)\)$/.exec(String(answer.Err ?? ""))?.[1] ?? "done";
  }
}
