import type {
  InterfaceAddress,
  Ip,
  Ip4,
  IpRange,
  IpVersion,
  Mac,
  Prefix,
} from "../../addr/index.ts";
import type { Millis } from "../../base/index.ts";
import type { VlanTag } from "../../domain/index.ts";
import type { FrameFilter } from "../../wire/index.ts";
import type { Action } from "./actions.ts";
import type { FindingText, LeaseText } from "./references.ts";

/** What a scenario may ask of the kernel. */
export const kernelFeatures = [
  "macvlan",
  "macvtap",
  "ipvlan",
  "ipvtap",
  "vlan",
  "veth",
  "bridge",
  "vxlan",
  "dummy",
] as const;
export type KernelFeature = (typeof kernelFeatures)[number];

/** Which door containers come through. */
export const doors = ["attach", "docker", "cni"] as const;
export type Door = (typeof doors)[number];

/** How a packet's journey ends, in the words of the model. */
export const dispositions = [
  "delivered",
  "local-delivery",
  "parent-isolated",
  "mode-isolated",
  "needs-hairpin",
  "no-route",
  "neighbour-unreachable",
  "wrong-segment",
  "mac-filtered",
  "rp-filtered",
  "source-not-allowed",
  "mtu-exceeded",
  "link-down",
  "unknown-beyond-wire",
] as const;
export type Disposition = (typeof dispositions)[number];

/** A lab and what must hold in it: a scenario file, checked, defaults filled in, names resolved. */
export interface Scenario extends Topology {
  readonly id: string;
  readonly title: string;
  readonly description?: string;
  /** Declared by the file, or implied by its networks; without repetition. */
  readonly needs: readonly KernelFeature[];
  readonly door: Door;
  /** To be done in this order: later checks see what earlier ones changed. */
  readonly checks: readonly Check[];
}

/** What the lab consists of. Names of hosts, containers, machines and switches never repeat. */
export interface Topology {
  readonly switches: readonly ScenarioSwitch[];
  readonly hosts: readonly ScenarioHost[];
  readonly machines: readonly ScenarioMachine[];
}

export interface ScenarioSwitch {
  readonly name: string;
  /** Every port: the declared ones and those that only a NIC or a machine names. */
  readonly ports: readonly ScenarioPort[];
}

export interface ScenarioPort {
  readonly name: string;
  readonly vlan: PortVlan;
  /** Sends a frame back out of the port it came in on (reflective relay). */
  readonly hairpin: boolean;
  /** Exchanges nothing with other isolated ports. */
  readonly isolated: boolean;
  /** Port security: the only source MACs let in. */
  readonly lock?: readonly Mac[];
}

/**
 * `plain`: the port does not look at tags. On a switch where another port does, it passes every
 * VLAN with its tag, and frames without one are in VLAN 1.
 */
export type PortVlan =
  | { readonly kind: "plain" }
  | { readonly kind: "access"; readonly vlan: number }
  | { readonly kind: "trunk"; readonly vlans: readonly number[]; readonly native?: number };

/** A NIC: a link of a host or machine, plugged into a switch port that nothing else uses. */
export interface ScenarioNic {
  readonly name: string;
  readonly switch: string;
  readonly port: string;
  readonly mac: Mac;
  readonly addresses: readonly InterfaceAddress[];
  readonly mtu: number;
  readonly up: boolean;
  /** Links on this one for tagged frames; each has the NIC's MAC and MTU. */
  readonly vlans: readonly ScenarioVlan[];
}

export interface ScenarioVlan {
  readonly id: number;
  /** "eth0.10" */
  readonly name: string;
  readonly addresses: readonly InterfaceAddress[];
}

/** What each node may be given besides its links. */
export interface NodeSetup {
  readonly routes: readonly ScenarioRoute[];
  readonly sysctls: Readonly<Record<string, string>>;
  /** Shell commands in the node's namespace, after its links and before its networks. */
  readonly run: readonly string[];
}

export interface ScenarioRoute {
  /** `default` in the file is 0.0.0.0/0 or ::/0 here. */
  readonly to: Prefix;
  readonly via?: Ip;
  readonly dev?: string;
  readonly metric?: number;
}

/** A machine with containers: Landfall runs here. */
export interface ScenarioHost extends NodeSetup {
  readonly name: string;
  readonly nics: readonly ScenarioNic[];
  readonly networks: readonly ScenarioNetwork[];
  readonly containers: readonly ScenarioContainer[];
  /** Whom Docker's engine on the host asks for names that are none of its containers'. */
  readonly nameservers: readonly Ip[];
}

/** Options left out are left to the engine, so that its defaults are tested too. */
export type ScenarioNetwork = LanNetwork | DockerBridge;

interface NetworkBase {
  readonly name: string;
  readonly subnets: readonly Prefix[];
  readonly gateways: readonly Ip[];
  readonly ranges: readonly IpRange[];
  readonly exclude: readonly IpRange[];
  readonly mtu?: number;
  readonly internal: boolean;
  /** `later`: by an action. */
  readonly create: "start" | "later";
}

/** Docker's own: a bridge on the host, which routes and translates addresses. Not Landfall's. */
export interface DockerBridge extends NetworkBase {
  readonly driver: "docker-bridge";
}

/** A network of Landfall's. */
export interface LanNetwork extends NetworkBase {
  readonly driver: "macvlan" | "ipvlan";
  readonly mode?: string;
  readonly flag?: string;
  readonly parent: string;
  /** Outermost tag first. */
  readonly vlan?: readonly VlanTag[];
  /** Addresses that are always the container's of this name. */
  readonly reservations: Readonly<Record<string, readonly Ip[]>>;
  readonly routes: readonly { readonly to: Prefix; readonly via?: Ip }[];
  /** Peers that macvlan mode source listens to. */
  readonly source: readonly Mac[];
  readonly addressing: "pool" | "dhcp" | "none";
  readonly conflictCheck?: "fast" | "full" | "off";
  readonly hostAccess?: "none" | "shim" | "ptp";
  /** Length of the parent's broadcast queue, in frames. */
  readonly bcqueuelen?: number;
  /** The CNI configuration as text; without it, one is made of the rest. */
  readonly cni?: string;
}

export interface ScenarioContainer {
  readonly name: string;
  /** In the order of the file; attached in this order. */
  readonly networks: readonly ScenarioAttachment[];
  readonly sysctls: Readonly<Record<string, string>>;
  /** Shell commands in the container's namespace, after it was attached. */
  readonly run: readonly string[];
  /** Ports of the host that Docker leads to the container, as `docker run -p` says them. */
  readonly publish: readonly string[];
}

export interface ScenarioAttachment {
  readonly network: string;
  readonly ips: readonly Ip[];
  readonly mac?: Mac;
  readonly ifname: string;
  /** Whether the default route goes here, where the file says so. */
  readonly defaultRoute?: boolean;
  /** Whether it is a macvtap link. */
  readonly tap: boolean;
}

/** Another machine on the LAN, about which Landfall knows nothing. Its link is called eth0. */
export interface ScenarioMachine extends NodeSetup {
  readonly name: string;
  readonly nic: ScenarioNic;
  readonly dhcp?: ScenarioDhcp;
  /** What the machine answers as a name server; it is none where this is empty. */
  readonly names: Readonly<Record<string, Ip4>>;
}

export interface ScenarioDhcp {
  readonly range: IpRange;
  readonly router?: Ip4;
  readonly dns: readonly Ip4[];
  readonly leaseTime?: Millis;
}

/** Something with a network namespace. */
export type LabNode =
  | { readonly kind: "host"; readonly name: string }
  | { readonly kind: "container"; readonly name: string; readonly host: string }
  | { readonly kind: "machine"; readonly name: string };

/** A node, and which of its addresses is meant: the one on `on`, or exactly `address`. */
export interface NodeRef {
  readonly kind: "node";
  readonly node: LabNode;
  readonly on?: { readonly kind: "network" | "link"; readonly name: string };
  readonly address?: Ip;
}

/** Where a flow goes: a node of the lab, or an address whoever has it. */
export type FlowTarget = NodeRef | { readonly kind: "address"; readonly address: Ip };

/** One direction of traffic. */
export interface Flow {
  /** As in the file, for one direction: "c1 -> c2". */
  readonly text: string;
  readonly from: NodeRef;
  readonly to: FlowTarget;
  readonly version: IpVersion;
  readonly probe: Probe;
  /** The link of the sender that the probe's socket is bound to. */
  readonly fromInterface?: string;
}

/** What is sent; `size` is the payload in bytes. */
export type Probe =
  | { readonly kind: "ping"; readonly size?: number }
  | { readonly kind: "tcp"; readonly port: number }
  | { readonly kind: "udp"; readonly port: number; readonly size?: number };

export type Reachability = "reachable" | "unreachable";

/** A flow, what must become of it, and why: the reason is for the model to confirm. */
export interface ExpectedFlow {
  readonly flow: Flow;
  readonly expect: Reachability;
  readonly because?: Disposition;
}

/** `text` names the check in reports, `line` is where it stands in the file. */
export type Check = { readonly text: string; readonly line: number } & (
  | FlowCheck
  | CaptureCheck
  | NeighbourCheck
  | MatrixCheck
  | StatusCheck
  | LeasesCheck
  | ActionCheck
);

export interface FlowCheck extends ExpectedFlow {
  readonly kind: "flow";
  /** Whose address the target must see as the sender's. */
  readonly seenAs?: FlowTarget;
}

/** Counts the frames that match at one point, in either direction, while flows are tried. */
export interface CaptureCheck {
  readonly kind: "capture";
  readonly at: CapturePoint;
  readonly filter: FrameFilter;
  readonly during: readonly Flow[];
  readonly frames: { readonly min: number; readonly max?: number };
  readonly because?: Disposition;
}

export type CapturePoint =
  | { readonly kind: "link"; readonly node: LabNode; readonly link: string }
  | { readonly kind: "port"; readonly switch: string; readonly port: string };

/** Reads a neighbour table. */
export interface NeighbourCheck {
  readonly kind: "neighbour";
  /** Whose table. */
  readonly node: NodeRef;
  /** Whose entry. */
  readonly of: FlowTarget;
  readonly version: IpVersion;
  readonly expect: NeighbourState;
  readonly because?: Disposition;
}

/**
 * `node`: that node's MAC. `none`: no entry. `failed`: asked for and not answered, which the kernel
 * calls FAILED, and INCOMPLETE while it still asks.
 */
export type NeighbourState =
  | { readonly kind: "mac"; readonly mac: Mac }
  | { readonly kind: "node"; readonly node: NodeRef }
  | { readonly kind: "none" }
  | { readonly kind: "failed" };

/** Every ordered pair of different nodes, row by row. */
export interface MatrixCheck {
  readonly kind: "matrix";
  readonly nodes: readonly NodeRef[];
  readonly cells: readonly ExpectedFlow[];
}

/** What the engine of a host finds where book and kernel disagree: exactly these. */
export interface StatusCheck {
  readonly kind: "status";
  readonly host: string;
  readonly findings: readonly FindingText[];
}

/** Which addresses the book of a host gives or rests: exactly these. */
export interface LeasesCheck {
  readonly kind: "leases";
  readonly host: string;
  readonly leases: readonly LeaseText[];
}

/**
 * Changes the lab. The last action must fail (`refused`) or be done with a warning (`warned`), with
 * `code` where one is given.
 */
export interface ActionCheck {
  readonly kind: "do";
  readonly actions: readonly Action[];
  readonly expect: "done" | "refused" | "warned";
  readonly code?: string;
}
