import type { InterfaceAddress, Ip, IpRange, Prefix } from "../../addr/index.ts";
import type { Dns, ResultRoute } from "../spec/result.ts";

/** Where the addresses of an attachment come from. */
export type IpamConfig =
  /** `ipam` is missing or empty: a link without addresses. */
  | { readonly kind: "none" }
  /** Those of `prevResult`: ipvlan in a chain, without an `ipam` of its own. */
  | { readonly kind: "previous" }
  | HostLocalConfig
  | StaticConfig
  /** Another plugin's; it gets the whole configuration. */
  | { readonly kind: "foreign"; readonly type: string };

export interface HostLocalConfig {
  readonly kind: "host-local";
  /** One address of each; their order is that of `last_reserved_ip.N`. */
  readonly sets: readonly AddressPools[];
  /** From CNI_ARGS, `args.cni.ips` and `runtimeConfig.ips`; see `requestedOfSets`. */
  readonly requested: readonly Ip[];
  readonly routes: readonly ResultRoute[];
  /** `<dataDir>/<network>`: where the files are. */
  readonly directory: string;
  /** A file in the format of resolv.conf(5). */
  readonly resolvConf?: string;
}

/** Pools of one IP version. */
export type AddressPools = readonly AddressPoolConfig[];

export interface AddressPoolConfig {
  readonly prefix: Prefix;
  readonly range: IpRange;
  readonly gateway: Ip;
}

export interface StaticConfig {
  readonly kind: "static";
  readonly addresses: readonly StaticAddress[];
  readonly routes: readonly ResultRoute[];
  readonly dns: Dns;
}

export interface StaticAddress {
  readonly address: InterfaceAddress;
  readonly gateway?: Ip;
}
