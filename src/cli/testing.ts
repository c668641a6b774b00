/** Stand-ins for everything behind CliPorts; for the tests of this folder only. */
import type { InterfaceAddress, Ip, Mac, Prefix } from "../addr/index.ts";
import { err, ok, type Problem, type Result } from "../base/index.ts";
import type { CniNetworkName, ContainerId, RunReport } from "../cnirun/index.ts";
import {
  type Endpoint,
  type EndpointId,
  type IfName,
  type LinkAlias,
  type NetworkId,
  type NetworkName,
  networkMissing,
  type SandboxId,
  type SegmentName,
  type WorkloadName,
} from "../domain/index.ts";
import type {
  EndpointView,
  Engine,
  LeaseView,
  NetworkView,
  OwnLeaseView,
} from "../engine/index.ts";
import type { CniInstallRequest, InstallReport, InstallRequest } from "../install/index.ts";
import type { LabReport } from "../lab/index.ts";
import type { Fd, NetnsCookie, NetnsHandle, SysResult } from "../platform/index.ts";
import type { LabPort } from "./lab-port.ts";
import type { CliPorts, CniPort, DockerPort, Host } from "./ports.ts";

export const addedByCni: RunReport = {
  event: "added",
  network: "pods" as CniNetworkName,
  containerId: "web" as ContainerId,
  ifname: "eth0" as IfName,
  result: {
    cniVersion: "1.0.0",
    interfaces: [{ name: "eth0", mac: "02:00:00:00:00:07", sandbox: "/run/netns/web" }],
    ips: [{ address: "10.0.0.7/24", gateway: "10.0.0.1", interface: 0 }],
    routes: [{ dst: "0.0.0.0/0", gw: "10.0.0.1" }],
  },
};

export const webEndpoint: Endpoint = {
  id: "ep-0000000001" as EndpointId,
  network: "net-0000000001" as NetworkId,
  sandbox: { id: "boot/2" as SandboxId, path: "/run/netns/web" },
  ifname: "eth0" as IfName,
  link: {
    ifindex: 20000000,
    madeAs: "lf0123456789" as IfName,
    mac: "02:00:00:00:00:02" as Mac,
    alias: "landfall:00000000-0000-4000-8000-000000000001:ep-0000000001" as LinkAlias,
  },
  addresses: ["10.0.0.2/24" as InterfaceAddress],
  gateways: ["10.0.0.1" as Ip],
  routes: [{ to: "10.9.0.0/16" as Prefix, via: "10.0.0.3" as Ip }],
  workload: "web" as WorkloadName,
  state: "attached",
  createdAt: "2026-01-02T03:04:05.000Z",
};

export const lanNetwork: NetworkView = {
  network: {
    id: "net-0000000001" as NetworkId,
    name: "lan" as NetworkName,
    parent: "eth0" as IfName,
    segment: "eth0" as SegmentName,
    driver: { kind: "macvlan", mode: "bridge" },
    subnets: [
      {
        prefix: "10.0.0.0/24" as Prefix,
        gateway: "10.0.0.1" as Ip,
        ranges: [{ version: 4, first: 0x0a00_0064n, last: 0x0a00_00c8n }],
        exclusions: [{ version: 4, first: 0x0a00_0065n, last: 0x0a00_0065n }],
      },
    ],
    routes: [],
    reach: "routed",
    createdAt: "2026-01-02T03:04:05.000Z",
  },
  endpoints: [webEndpoint.id],
};

export const webView: EndpointView = { endpoint: webEndpoint, network: "lan" as NetworkName };

export const webLease: OwnLeaseView = {
  kind: "held",
  segment: "eth0" as SegmentName,
  address: "10.0.0.2" as Ip,
  prefix: "10.0.0.0/24" as Prefix,
  network: "lan" as NetworkName,
  endpoint: "ep-0000000001" as EndpointId,
  workload: "web" as WorkloadName,
  origin: "pool",
  acquiredAt: "2026-01-02T03:04:05.000Z",
};

export const leaseElsewhere: LeaseView = {
  kind: "elsewhere",
  segment: "eth0" as SegmentName,
  address: "10.0.0.9" as Ip,
  configuration: "pods",
  file: "/var/lib/cni/networks/pods/10.0.0.9",
  holder: { containerId: "c1", ifname: "eth0" },
};

const { workload: _, ...nameless } = webLease;

export const restingLease: LeaseView = {
  ...nameless,
  kind: "resting",
  address: "10.0.0.3" as Ip,
  endpoint: "ep-0000000000" as EndpointId,
  until: "2026-01-02T03:05:05.000Z",
};

export const passedLab: LabReport = {
  scenarios: [
    {
      id: "first",
      title: "Three containers on macvlan",
      status: "pass",
      kernel: "host",
      seconds: 1.25,
      checks: [],
      matrix: {
        nodes: ["c1", "host"],
        cells: [
          { from: "c1", to: "host", expected: "unreachable", measured: "unreachable", ok: true },
          { from: "host", to: "c1", expected: "reachable", measured: "reachable", ok: true },
        ],
      },
    },
  ],
};

export const installReport: InstallReport = {
  subject: "docker",
  event: "installed",
  effect: "done",
  steps: [
    { step: "created", what: "/etc/systemd/system/landfall.socket" },
    { step: "kept", what: "/etc/systemd/system/landfall.service" },
    { step: "ran", what: "systemctl daemon-reload" },
    { step: "answers", what: "/run/docker/plugins/landfall.sock" },
  ],
};

export interface FakeSettings {
  readonly engine?: Partial<Engine>;
  readonly lab?: Partial<LabPort>;
  readonly env?: CliPorts["env"];
  readonly terminal?: "stdout and stderr" | "none";
  readonly openHost?: CliPorts["openHost"];
  readonly serve?: CliPorts["serve"];
  readonly cniReport?: RunReport;
}

/** Ports that write down what happens; the engine knows one network, "lan", with one endpoint. */
export class FakePorts implements CliPorts {
  readonly stdout;
  readonly stderr;
  readonly env: CliPorts["env"];
  readonly version = "1.2.3";
  readonly openHost: CliPorts["openHost"];
  readonly serve: CliPorts["serve"];
  readonly lab: LabPort;
  readonly docker: DockerPort;
  readonly cni: CniPort;
  readonly runCni: CliPorts["runCni"];
  readonly signal = new AbortController().signal;
  /** What the engine, the namespaces and the lab were asked, in order. */
  readonly calls: unknown[][] = [];
  out = "";
  errors = "";

  constructor(settings: FakeSettings = {}) {
    const isTty = settings.terminal === "stdout and stderr";
    this.stdout = {
      isTty,
      write: (text: string): void => {
        this.out += text;
      },
    };
    this.stderr = {
      isTty,
      write: (text: string): void => {
        this.errors += text;
      },
    };
    this.env = settings.env ?? {};
    const report = async (event: InstallReport["event"], request: InstallRequest) => {
      this.calls.push([event, request]);
      return ok({ ...installReport, event, effect: request.effect });
    };
    this.docker = {
      install: (request) => report("installed", request),
      uninstall: (request) => report("uninstalled", request),
    };
    const cni = async (event: InstallReport["event"], request: CniInstallRequest) => {
      this.calls.push([event, request]);
      return ok({ ...installReport, subject: "cni" as const, event, effect: request.effect });
    };
    this.cni = {
      install: (request) => cni("installed", request),
      uninstall: (request) => cni("uninstalled", request),
    };
    this.runCni = async (request) => {
      this.calls.push(["cni", request]);
      return ok(settings.cniReport ?? addedByCni);
    };
    this.lab = { ...this.#lab(), ...settings.lab };
    const engine = { ...this.#engine(), ...settings.engine };
    this.serve =
      settings.serve ??
      (async (request) => {
        this.calls.push(["serve", request]);
        return ok();
      });
    this.openHost = settings.openHost ?? (async () => ok(this.#host(engine)));
  }

  #engine(): Engine {
    const network = async (call: string, name: string): Promise<Result<NetworkView, Problem>> => {
      this.calls.push([call, name]);
      if (name === "lan") return ok(lanNetwork);
      return err(networkMissing({ network: name, known: ["lan"], nearest: undefined }));
    };
    const endpoint = async (
      call: string,
      asked: object,
    ): Promise<Result<EndpointView, Problem>> => {
      this.calls.push([call, asked]);
      return ok(webView);
    };
    return {
      createNetwork: async (spec) => {
        this.calls.push(["create", spec]);
        return ok(lanNetwork);
      },
      updateNetwork: (change) => network("update", change.name),
      removeNetwork: (name) => network("remove", name),
      inspectNetwork: (name) => network("inspect", name),
      listNetworks: async () => ok([lanNetwork]),
      attach: (request) => endpoint("attach", request),
      detach: (selector) => endpoint("detach", selector),
      listEndpoints: async () => ok([webView]),
      status: async () => ok([]),
      reconcile: async () => ok([]),
      listLeases: async () => ok([webLease, restingLease]),
      releaseLease: async (selector) => {
        this.calls.push(["release", selector]);
        return ok([restingLease]);
      },
    };
  }

  #lab(): LabPort {
    return {
      run: async (files, { signal: _, onProgress: __, ...how }) => {
        this.calls.push(["run", files, how]);
        return ok(passedLab);
      },
      demo: async ({ onProgress }) => {
        onProgress({ kind: "built", seconds: 0.42, summary: "1 switch, 1 host" });
        return ok(passedLab);
      },
    };
  }

  #host(engine: Engine): Host {
    return {
      engine,
      openNamespace: (path) => this.#openNamespace(path),
      findContainer: async (container) => ok(`/containers/${container}`),
      [Symbol.dispose]: () => {
        this.calls.push(["close host"]);
      },
    };
  }

  /** Every path is a namespace, but those named after an errno. */
  #openNamespace(path: string): SysResult<NetnsHandle> {
    const errno = /E[A-Z]{3,}$/.exec(path)?.[0];
    if (errno !== undefined) return err({ errno, call: `openat ${path}` });
    const close = (): void => {
      this.calls.push(["close", path]);
    };
    return ok({ fd: 9 as Fd, cookie: 2n as NetnsCookie, close, [Symbol.dispose]: close });
  }
}
