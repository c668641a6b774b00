import { expect, test } from "bun:test";
import fc from "fast-check";
import { isLocallyAdministeredMac, isMulticastMac } from "../addr/index.ts";
import type { NetworkId, StoreSalt } from "../domain/index.ts";
import { deriveMac } from "./derive-mac.ts";

const seed = {
  salt: "00ff" as StoreSalt,
  network: "net-1" as NetworkId,
  key: "web",
  attempt: 0,
};

test("a derived MAC address is unicast and locally administered, whatever it is derived from", () => {
  fc.assert(
    fc.property(fc.string(), fc.nat(100), (key, attempt) => {
      const mac = deriveMac({ ...seed, key, attempt });
      expect(isMulticastMac(mac)).toBe(false);
      expect(isLocallyAdministeredMac(mac)).toBe(true);
      expect(deriveMac({ ...seed, key, attempt })).toBe(mac);
    }),
  );
});

test("it differs by host, network, workload and attempt", () => {
  const macs = [
    deriveMac(seed),
    deriveMac({ ...seed, salt: "00fe" as StoreSalt }),
    deriveMac({ ...seed, network: "net-2" as NetworkId }),
    deriveMac({ ...seed, key: "db" }),
    deriveMac({ ...seed, attempt: 1 }),
  ];
  expect(new Set(macs).size).toBe(macs.length);
});

test("it is the SHA-256 of its inputs, so that it never changes between versions", () => {
  // printf '%s' '["00ff","net-1","web",0]' | sha256sum
  expect(deriveMac(seed) as string).toBe("f6:d3:60:f2:7b:48");
});
