import type { InterfaceAddress, Ip } from "../../addr/index.ts";

/**
 * What an ADD led to, in the shape of the newest version. That of an IPAM plugin has no interfaces,
 * and its addresses name none.
 */
export interface CniResult {
  readonly interfaces: readonly ResultInterface[];
  readonly ips: readonly ResultIp[];
  readonly routes: readonly ResultRoute[];
  readonly dns: Dns;
}

export interface ResultInterface {
  readonly name: string;
  /** As it was written: that of another plugin may be no Ethernet address. */
  readonly mac?: string;
  readonly mtu?: number;
  /** Path of the namespace; absent for links of the host. */
  readonly sandbox?: string;
  readonly socketPath?: string;
  readonly pciID?: string;
}

export interface ResultIp {
  readonly address: InterfaceAddress;
  readonly gateway?: Ip;
  /** Index in `interfaces`. */
  readonly interface?: number;
}

/** A route of a result, and of the `routes` of an IPAM configuration. */
export interface ResultRoute {
  /** May have host bits, as other plugins write them. */
  readonly dst: InterfaceAddress;
  readonly gw?: Ip;
  readonly mtu?: number;
  readonly advmss?: number;
  readonly priority?: number;
  readonly table?: number;
  /** RT_SCOPE_* (rtnetlink(7)). */
  readonly scope?: number;
}

export interface Dns {
  readonly nameservers: readonly string[];
  readonly domain?: string;
  readonly search: readonly string[];
  readonly options: readonly string[];
}

export const noDns: Dns = { nameservers: [], search: [], options: [] };
