import { expect, test } from "bun:test";
import { ok } from "../base/index.ts";
import type { NetworkName, SandboxId } from "../domain/index.ts";
import { accepted, prefix } from "../domain/testing.ts";
import { missingNetwork, rememberedSandbox } from "./deps.ts";
import { ground, lan, network } from "./testing.ts";

test("a network that is missing is told with those that there are, and the one meant", async () => {
  const deps = ground();
  const other = network("storage", { subnets: [prefix("10.2.0.0/24")] });
  const problem = await deps.store.transact((tx) => {
    for (const row of [lan, other]) tx.networks.insert(row);
    return ok(missingNetwork(tx, "storgae" as NetworkName));
  });
  expect(accepted(problem)).toMatchObject({
    code: "LF-NETWORK-MISSING",
    facts: { network: "storgae", known: ["lan", "storage"], nearest: "storage" },
  });
});

test("a sandbox is remembered by boot and cookie, and by where it was found", () => {
  const deps = ground();
  const handle = { netns: deps.hostNamespace, path: "/proc/7/ns/net" };
  expect(rememberedSandbox(deps, handle)).toEqual({
    id: "fake-boot/1" as SandboxId,
    path: "/proc/7/ns/net",
  });
});
