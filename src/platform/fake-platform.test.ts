import { expect, test } from "bun:test";
import { err, ok } from "../base/index.ts";
import { type FakeNetwork, fakePlatform } from "./fake-platform.ts";
import { faultyPlatform } from "./faulty-platform.ts";
import { must, platformContract } from "./platform.contract.ts";
import type { NetnsCookie, Socket } from "./platform.ts";

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

test("a faulty platform counts and refuses a send of either kind", async () => {
  const socket = {
    send: () => ok(1),
    sendAside: async () => ok(1),
  } as unknown as Socket;
  const network = { ...emptyNetwork(), open: () => ok(socket) };
  const platform = faultyPlatform(open(network), { failAt: 3, errno: "ENOMEM" });
  using netns = must(platform.namespaces.home());
  const faulty = must(platform.sockets.open(netns, { kind: "rtnetlink" }));
  expect(faulty.send(Uint8Array.of(1)).ok).toBe(true);
  const refused = err({ errno: "ENOMEM", call: "sendto" });
  expect(await faulty.sendAside(Uint8Array.of(1))).toEqual(refused);
  expect((await faulty.sendAside(Uint8Array.of(1))).ok).toBe(true);
  expect(platform.requests()).toBe(4);
});
