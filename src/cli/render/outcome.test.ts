import { describe, expect, test } from "bun:test";
import type { Ip, Mac } from "../../addr/index.ts";
import { type IfName, passthruCutsHost, type WorkloadName } from "../../domain/index.ts";
import type { Globals } from "../command.ts";
import type { Outcome } from "../outcome.ts";
import {
  lanNetwork,
  leaseElsewhere,
  passedLab,
  restingLease,
  webLease,
  webView,
} from "../testing.ts";
import { plainPaint } from "./look.ts";
import { type Looks, type Rendered, renderOutcome } from "./outcome.ts";

const defaults: Globals = {
  stateDirectory: "/s",
  stateOrigin: "given",
  runDirectory: "/r",
  format: "table",
  verbosity: "normal",
  color: "auto",
};

const pipe = { paint: plainPaint, reader: "program" } as const;
const terminal = { paint: plainPaint, reader: "person" } as const;
const pipes: Looks = { stdout: pipe, stderr: pipe };
const terminals: Looks = { stdout: terminal, stderr: terminal };

function rendered(outcome: Outcome, globals: Partial<Globals> = {}, looks = pipes): Rendered {
  return renderOutcome(outcome, { ...defaults, ...globals }, looks);
}

const networks: Outcome = { kind: "networks", networks: [lanNetwork] };
const endpoints: Outcome = { kind: "endpoints", endpoints: [webView] };
const created: Outcome = { kind: "network", event: "created", view: lanNetwork };
const removed: Outcome = { kind: "network", event: "removed", view: lanNetwork };
const attached: Outcome = { kind: "endpoint", event: "attached", view: webView };
const detached: Outcome = { kind: "endpoint", event: "detached", view: webView };
const leases: Outcome = {
  kind: "leases",
  event: "listed",
  leases: [webLease, restingLease, leaseElsewhere],
};
const freed: Outcome = { kind: "leases", event: "released", leases: [restingLease] };
const demo: Outcome = { kind: "lab", event: "demo", report: passedLab };

describe("tables", () => {
  test("list networks", () => {
    expect(rendered(networks).stdout).toBe(
      `NETWORK  DRIVER          PARENT  SUBNET       GATEWAY   ENDPOINTS
lan      macvlan bridge  eth0    10.0.0.0/24  10.0.0.1  1
`,
    );
  });

  test("list endpoints", () => {
    expect(rendered(endpoints).stdout).toBe(
      `ENDPOINT       NETWORK  IFNAME  ADDRESS      MAC                STATE     NAME  SANDBOX
ep-0000000001  lan      eth0    10.0.0.2/24  02:00:00:00:00:02  attached  web   /run/netns/web
`,
    );
  });

  test("show one network", () => {
    expect(rendered(created).stdout).toBe(
      `network     lan
id          net-0000000001
driver      macvlan bridge
parent      eth0
segment     eth0
subnets     10.0.0.0/24
gateways    10.0.0.1
ranges      10.0.0.100-10.0.0.200
exclusions  10.0.0.101
reserved    -
routes      -
mtu         that of the parent
reach       routed
endpoints   ep-0000000001
created     2026-01-02T03:04:05.000Z
`,
    );
  });

  test("show one endpoint", () => {
    expect(rendered(attached).stdout).toBe(
      `endpoint   ep-0000000001
network    lan
sandbox    /run/netns/web
ifname     eth0
mac        02:00:00:00:00:02
addresses  10.0.0.2/24
gateways   10.0.0.1
routes     10.9.0.0/16 via 10.0.0.3
name       web
state      attached
created    2026-01-02T03:04:05.000Z
`,
    );
  });

  test("list leases", () => {
    expect(rendered(leases).stdout).toBe(
      `ADDRESS   SEGMENT  NETWORK  STATE                                   ENDPOINT       NAME
10.0.0.2  eth0     lan      held                                    ep-0000000001  web
10.0.0.3  eth0     lan      resting until 2026-01-02T03:05:05.000Z  ep-0000000000  -
10.0.0.9  eth0     -        by /var/lib/cni/networks/pods/10.0.0.9  -              c1
`,
    );
  });

  test("list leases of containers that only their runtimes have names for", () => {
    const { workload: _, ...nameless } = webLease;
    const attachment = { network: "pods", containerId: "c7", ifname: "eth0" as IfName };
    const lease = { ...nameless, kind: "held", attachment } as const;
    const outcome: Outcome = { kind: "leases", event: "listed", leases: [lease] };
    expect(rendered(outcome).stdout).toBe(
      `ADDRESS   SEGMENT  NETWORK  STATE  ENDPOINT       NAME
10.0.0.2  eth0     lan      held   ep-0000000001  c7
`,
    );
    const {
      leases: [document],
    } = JSON.parse(rendered(outcome, { format: "json" }).stdout);
    expect(document.attachment).toEqual(attachment);
  });

  test("show what is reserved", () => {
    const reservations = [{ workload: "web" as WorkloadName, address: "10.0.0.9" as Ip }];
    const network = { ...lanNetwork.network, reservations };
    const shown = rendered({ ...created, view: { ...lanNetwork, network } }).stdout;
    expect(shown).toContain("\nreserved    web=10.0.0.9\n");
  });

  test("of what is gone only the name is left", () => {
    expect(rendered(freed).stdout).toBe("10.0.0.3\n");
    expect(rendered(removed).stdout).toBe("lan\n");
    expect(rendered(detached).stdout).toBe("ep-0000000001\n");
  });
});

describe("quiet", () => {
  test.each([
    [networks, "lan\n"],
    [created, "lan\n"],
    [endpoints, "ep-0000000001\n"],
    [attached, "ep-0000000001\n"],
    [leases, "10.0.0.2\n10.0.0.3\n10.0.0.9\n"],
    [demo, ""],
  ] as const)("writes only what other commands take", (outcome, stdout) => {
    const quiet = rendered(outcome, { verbosity: "quiet" }, terminals);
    expect(quiet).toEqual({ stdout, stderr: "" });
  });

  test("names the scenarios that failed", () => {
    const scenarios = passedLab.scenarios.map((it) => ({ ...it, status: "fail" }) as const);
    const outcome: Outcome = { kind: "lab", event: "run", report: { scenarios } };
    expect(rendered(outcome, { verbosity: "quiet" }).stdout).toBe("first\n");
  });
});

describe("hints", () => {
  test("follow a success, on stderr, for people only", () => {
    expect(rendered(created, {}, terminals).stderr).toBe(
      "next: landfall attach lan --netns NAME\n",
    );
    expect(rendered(attached, {}, terminals).stderr).toBe("next: landfall detach ep-0000000001\n");
    expect(rendered(detached, {}, terminals).stderr).toBe("");
    expect(rendered(created).stderr).toBe("");
  });

  test("stand as comments below an empty table, for people only", () => {
    const none: Outcome = { kind: "networks", networks: [] };
    const titles = "NETWORK  DRIVER  PARENT  SUBNET  GATEWAY  ENDPOINTS\n";
    expect(rendered(none).stdout).toBe(titles);
    expect(rendered(none, {}, terminals).stdout).toBe(
      `${titles}# Create one: landfall net create lan --parent LINK --subnet PREFIX\n`,
    );
  });
});

const warning = passthruCutsHost({ parent: "eth0", addresses: ["10.0.0.10"] });

const networkDocument = {
  id: "net-0000000001",
  name: "lan",
  driver: "macvlan",
  mode: "bridge",
  parent: "eth0",
  segment: "eth0",
  subnets: [
    {
      prefix: "10.0.0.0/24",
      gateway: "10.0.0.1",
      ranges: ["10.0.0.100-10.0.0.200"],
      exclusions: ["10.0.0.101"],
    },
  ],
  reservations: [],
  routes: [],
  internal: false,
  endpoints: ["ep-0000000001"],
  createdAt: "2026-01-02T03:04:05.000Z",
};

const endpointDocument = {
  id: "ep-0000000001",
  network: "lan",
  networkId: "net-0000000001",
  sandbox: "/run/netns/web",
  sandboxId: "boot/2",
  link: {
    ifindex: 20000000,
    madeAs: "lf0123456789",
    alias: "landfall:00000000-0000-4000-8000-000000000001:ep-0000000001",
  },
  ifname: "eth0",
  mac: "02:00:00:00:00:02",
  addresses: ["10.0.0.2/24"],
  gateway: "10.0.0.1",
  gateways: ["10.0.0.1"],
  routes: [{ to: "10.9.0.0/16", via: "10.0.0.3" }],
  workload: "web",
  state: "attached",
  createdAt: "2026-01-02T03:04:05.000Z",
};

const leaseDocument = {
  segment: "eth0",
  address: "10.0.0.2",
  prefix: "10.0.0.0/24",
  network: "lan",
  endpoint: "ep-0000000001",
  workload: "web",
  origin: "pool",
  acquiredAt: "2026-01-02T03:04:05.000Z",
  state: "held",
};

const { workload: _, ...nameless } = leaseDocument;

const restingDocument = {
  ...nameless,
  address: "10.0.0.3",
  endpoint: "ep-0000000000",
  state: "resting",
  until: "2026-01-02T03:05:05.000Z",
};

const elsewhereDocument = {
  segment: "eth0",
  address: "10.0.0.9",
  state: "elsewhere",
  configuration: "pods",
  file: "/var/lib/cni/networks/pods/10.0.0.9",
  holder: { containerId: "c1", ifname: "eth0" },
};

describe("JSON", () => {
  test.each([
    [networks, { networks: [networkDocument] }],
    [created, { network: networkDocument }],
    [removed, { network: networkDocument }],
    [endpoints, { endpoints: [endpointDocument] }],
    [attached, { endpoint: endpointDocument }],
    [leases, { leases: [leaseDocument, restingDocument, elsewhereDocument] }],
    [freed, { leases: [restingDocument] }],
    [demo, { scenarios: passedLab.scenarios }],
  ] as const)("is one object with its schema version", (outcome, document) => {
    const { stdout, stderr } = rendered(outcome, { format: "json" }, terminals);
    expect(JSON.parse(stdout)).toEqual({ schemaVersion: 1, ...document });
    expect(stderr).toBe("");
  });

  test("has the warnings of what was made beside it, where there are any", () => {
    const { code, title, detail, remedy, command, retryable } = warning;
    const warnings = [{ code, title, detail, remedy, command, retryable }];
    const network = { ...lanNetwork, warnings: [warning] };
    const made: Outcome = { kind: "network", event: "created", view: network };
    expect(JSON.parse(rendered(made, { format: "json" }).stdout).warnings).toEqual(warnings);
    const endpoint = { ...webView, warnings: [warning] };
    const there: Outcome = { kind: "endpoint", event: "attached", view: endpoint };
    expect(JSON.parse(rendered(there, { format: "json" }).stdout).warnings).toEqual(warnings);
  });

  test("shows the options of a mode that has some", () => {
    const allowedMacs = ["02:00:00:00:00:01" as Mac];
    const driver = {
      kind: "macvlan",
      mode: "source",
      allowedMacs,
      flag: "nodst",
      bcQueueLen: 7,
    } as const;
    const view = { ...lanNetwork, network: { ...lanNetwork.network, driver } };
    const shown: Outcome = { kind: "network", event: "inspected", view };
    expect(JSON.parse(rendered(shown, { format: "json" }).stdout).network).toMatchObject({
      mode: "source",
      sources: allowedMacs,
      flag: "nodst",
      bcQueueLen: 7,
    });
    const text = rendered(shown).stdout;
    expect(text).toMatch(/^flag +nodst$/m);
    expect(text).toMatch(/^sources +02:00:00:00:00:01$/m);
    expect(text).toMatch(/^bcqueuelen +7$/m);
  });

  test("names the device of a tap link", () => {
    const view = { ...webView, endpoint: { ...webView.endpoint, linkKind: "macvtap" as const } };
    const shown: Outcome = { kind: "endpoint", event: "attached", view };
    const { stdout } = rendered(shown, { format: "json" });
    expect(JSON.parse(stdout).endpoint.tap).toBe("/dev/tap20000000");
    expect(rendered(shown).stdout).toMatch(/^tap +\/dev\/tap20000000$/m);
  });

  test("keeps the gateway out where there is none", () => {
    const view = { ...webView, endpoint: { ...webView.endpoint, gateways: [] } };
    const { stdout } = rendered({ kind: "endpoint", event: "attached", view }, { format: "json" });
    expect(Object.keys(JSON.parse(stdout).endpoint)).not.toContain("gateway");
  });

  test("lines are the items of a list", () => {
    const two: Outcome = { kind: "networks", networks: [lanNetwork, lanNetwork] };
    const line = JSON.stringify({ schemaVersion: 1, network: networkDocument });
    expect(rendered(two, { format: "jsonl" }).stdout).toBe(`${line}\n${line}\n`);
    expect(rendered(created, { format: "jsonl" }).stdout).toBe(`${line}\n`);
    expect(JSON.parse(rendered(endpoints, { format: "jsonl" }).stdout)).toEqual({
      schemaVersion: 1,
      endpoint: endpointDocument,
    });
    expect(JSON.parse(rendered(freed, { format: "jsonl" }).stdout)).toEqual({
      schemaVersion: 1,
      lease: restingDocument,
    });
    const scenario = passedLab.scenarios[0];
    expect(JSON.parse(rendered(demo, { format: "jsonl" }).stdout)).toEqual({
      schemaVersion: 1,
      scenario,
    } as never);
  });
});
