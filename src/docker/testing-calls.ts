import { expect } from "bun:test";
import { FakeSite } from "./testing.ts";

/** Helpers of this folder's tests: requests as Docker engines make them. */

export const NETWORK = "e2184cf2a1566c08c9badefcee276162083e988f83a73243bf49fd2c67fb82bc";
export const ENDPOINT = "d7be82316f0a6153126eb3620ee5004c498c9b9ed61af0d20b2892e60b9f8d9e";
export const CONTENT_TYPE = "application/vnd.docker.plugins.v1.2+json";
export const gatewayRequest = { RequestAddressType: "com.docker.network.gateway" };
export const both = { NetworkID: NETWORK, EndpointID: ENDPOINT };

export interface PoolWords {
  readonly Pool?: string;
  readonly SubPool?: string;
  readonly gateway?: string;
  readonly aux?: Readonly<Record<string, string>>;
}

/** As both engines do: the pool, its gateway, its auxiliary addresses. */
export async function requestPool(site: FakeSite, words: PoolWords = {}) {
  const { Pool = "10.0.0.0/24", SubPool = "", gateway, aux = {} } = words;
  const V6 = Pool.includes(":");
  const space = { AddressSpace: "LandfallLocal" };
  const pool = await site.ask("IpamDriver.RequestPool", {
    ...space,
    Pool,
    SubPool,
    Options: {},
    V6,
  });
  const PoolID = String(pool.PoolID);
  const length = Pool.split("/")[1];
  const request = (Address: string, Options: object | null) =>
    site.ask("IpamDriver.RequestAddress", { PoolID, Address, Options });
  const given = gateway === undefined ? undefined : await request(gateway, gatewayRequest);
  for (const address of Object.values(aux)) await request(address, null);
  const entries = Object.entries(aux).map(([name, ip]) => [name, `${ip}/${length}`]);
  const data = {
    ...space,
    Pool: pool.Pool,
    ...(given === undefined ? {} : { Gateway: given.Address }),
    ...(entries.length === 0 ? {} : { AuxAddresses: Object.fromEntries(entries) }),
  };
  return { PoolID, data };
}

export const networkBody = (data: readonly unknown[], generic: object = { parent: "p0" }) => ({
  NetworkID: NETWORK,
  Options: { "com.docker.network.enable_ipv6": false, "com.docker.network.generic": generic },
  IPv4Data: data,
  IPv6Data: [],
});

/** A site with one network of one pool. */
export async function withNetwork(words: PoolWords = { gateway: "10.0.0.1" }, generic?: object) {
  const site = new FakeSite();
  const { PoolID, data } = await requestPool(site, words);
  const answer = await site.ask("NetworkDriver.CreateNetwork", networkBody([data], generic));
  expect(answer).toEqual({});
  return { site, PoolID };
}

export const endpointBody = (Address: string, more: object = {}) => ({
  ...both,
  Interface: { Address, AddressIPv6: "", MacAddress: "" },
  Options: { "com.docker.network.portmap": [] },
  ...more,
});

export const joinBody = { ...both, SandboxKey: "/var/run/docker/netns/36ad55b6165e", Options: {} };
