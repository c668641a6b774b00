import { expect, test } from "bun:test";
import { err } from "../base/index.ts";
import { type FakeNetwork, fakePlatform } from "./fake-platform.ts";
import { faultyPlatform } from "./faulty-platform.ts";
import { must, platformContract } from "./platform.contract.ts";
import type { NetnsCookie } from "./platform.ts";

function emptyNetwork(living = new Set<NetnsCookie>()): FakeNetwork {
  return {
    addNamespace: (cookie) => void living.add(cookie),
    removeNamespace: (cookie) => void living.delete(cookie),
    open: () => err({ errno: "EAFNOSUPPORT", call: "socket" }),
  };
}

function open(network = emptyNetwork()) {
  const sysctls = { "net/ipv4/ip_forward": "0" };
  return fakePlatform({ network, plainFiles: ["/plain"], sysctls });
}

platformContract("the fake", () => open(), "/plain");

test("a namespace ends with its last handle", () => {
  const living = new Set<NetnsCookie>();
  const { namespaces } = open(emptyNetwork(living));
  const made = must(namespaces.create());
  const again = must(namespaces.open(`/proc/self/fd/${made.fd}`));
  made.close();
  expect(living.has(made.cookie)).toBe(true);
  again.close();
  expect(living.has(made.cookie)).toBe(false);
});

test("a faulty platform refuses exactly the n-th request, with the errno asked for", () => {
  const platform = faultyPlatform(open(), { failAt: 2, errno: "ENOMEM" });
  const outcomes = [1, 2, 3].map(() => platform.namespaces.create());
  expect(outcomes.map((outcome) => outcome.ok)).toEqual([true, false, true]);
  expect(outcomes[1]).toEqual(err({ errno: "ENOMEM", call: "unshare" }));
  expect(platform.requests()).toBe(3);
});
