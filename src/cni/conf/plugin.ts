import type { Ip, Mac } from "../../addr/index.ts";
import type {
  IfName,
  IpvlanDriver,
  MacvlanDriver,
  Mtu,
  NetworkName,
  VlanTag,
} from "../../domain/index.ts";
import type { CniResult, Dns } from "../spec/result.ts";
import type { IpamConfig } from "./ipam.ts";

/** What an ADD or CHECK of one of our plugins is to do. */
export type PluginConfig = MacvlanConfig | IpvlanConfig | VlanConfig | LandfallConfig;

interface Common {
  /** `prevResult`: what an ADD led to so far, or in the end. */
  readonly previous?: CniResult;
  /** `dns` of the configuration. It takes the place of the IPAM's, and be it empty. */
  readonly dns: Dns;
}

interface OnParent extends Common {
  /** Absent: the link of the default route, in the namespace where the parent is. */
  readonly parent?: IfName;
  /** In whose namespace the parent is (`linkInContainer`). */
  readonly parentPlace: "host" | "sandbox";
  /** Absent: the parent's. */
  readonly mtu?: Mtu;
  readonly ipam: IpamConfig;
  /** Tags on the parent, outermost first (`vlan`, ours). */
  readonly vlan: readonly VlanTag[];
}

export interface MacvlanConfig extends OnParent {
  readonly kind: "macvlan";
  readonly driver: MacvlanDriver;
  readonly mac?: Mac;
}

export interface IpvlanConfig extends OnParent {
  readonly kind: "ipvlan";
  readonly driver: IpvlanDriver;
}

export interface VlanConfig extends Omit<OnParent, "vlan"> {
  readonly kind: "vlan";
  readonly parent: IfName;
  /** 0 to 4094; 0 is a priority tag. */
  readonly vlanId: number;
}

/** Everything else comes from the network. */
export interface LandfallConfig extends Common {
  readonly kind: "landfall";
  readonly network: NetworkName;
  /** Addresses that the call asks for. */
  readonly requested: readonly Ip[];
  readonly mac?: Mac;
}
