/**
 * Random sequences of create, attach, detach and remove, some with a fault, against a model of a
 * few lines: which networks there are, and who is attached where.
 */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { interfaceAddressIp } from "../src/addr/index.ts";
import { defined } from "../src/base/index.ts";
import type { EndpointId, IfName } from "../src/domain/index.ts";
import type { NetnsHandle } from "../src/platform/index.ts";
import {
  bookOf,
  childrenIn,
  type FakeHost,
  network,
  openFakeHost,
  request,
  storeKinds,
} from "./support/fake-host.ts";
import type { KernelFault } from "./support/fake-kernel.ts";
import { codeOf, must } from "./support/must.ts";

/** Two share a prefix, with one pool inside the other's; the third is on another parent. */
const networks = [
  {
    spec: network({
      name: "lan",
      subnets: ["10.0.0.0/29", "fd00::/64"],
      gateways: ["10.0.0.1", "fd00::1"],
    }),
    pool: ["10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6"],
  },
  {
    spec: network({ name: "few", subnets: ["10.0.0.0/29"], ranges: ["10.0.0.5-10.0.0.6"] }),
    pool: ["10.0.0.5", "10.0.0.6"],
  },
  {
    spec: network({ name: "iot", parent: "p1", subnets: ["10.1.0.0/29"], gateways: ["10.1.0.6"] }),
    pool: ["10.1.0.1", "10.1.0.2", "10.1.0.3", "10.1.0.4", "10.1.0.5"],
  },
] as const;
const SANDBOXES = 5;

type Move =
  | { readonly kind: "create"; readonly network: number }
  | { readonly kind: "remove"; readonly network: number }
  | (Owner & { readonly kind: "attach"; readonly network: number })
  | (Owner & { readonly kind: "detach"; readonly by: "id" | "owner" });

interface Owner {
  readonly sandbox: number;
  readonly ifname: "eth0" | "eth1";
}

interface Attached {
  readonly network: number;
  readonly id: EndpointId;
  readonly addresses: readonly string[];
}

/** What the book should say. */
interface Model {
  readonly created: Set<number>;
  readonly attached: Map<string, Attached>;
}

const keyOf = ({ sandbox, ifname }: Owner): string => `${sandbox} ${ifname}`;

/** How a move ends when nothing goes wrong. */
function predict({ created, attached }: Model, move: Move): string {
  const users = [...attached.values()];
  switch (move.kind) {
    case "create":
      return created.has(move.network) ? "LF-NETWORK-EXISTS" : "done";
    case "remove":
      if (!created.has(move.network)) return "LF-NETWORK-MISSING";
      return users.some((row) => row.network === move.network) ? "LF-NETWORK-IN-USE" : "done";
    case "detach":
      return attached.has(keyOf(move)) ? "done" : "LF-ENDPOINT-MISSING";
    case "attach": {
      if (!created.has(move.network)) return "LF-NETWORK-MISSING";
      if (attached.has(keyOf(move))) return "LF-IFNAME-TAKEN";
      const taken = users.flatMap((row) => row.addresses);
      const pool: readonly string[] = wanted(move.network).pool;
      return pool.every((ip) => taken.includes(ip)) ? "LF-POOL-EXHAUSTED" : "done";
    }
  }
}

const wanted = (index: number) => defined(networks[index], "network of the test");

interface Run {
  readonly host: FakeHost;
  readonly sandboxes: readonly NetnsHandle[];
  readonly model: Model;
}

/** Does a move, and in the model too if it was done; returns how it ended. */
async function play({ host, sandboxes, model }: Run, move: Move): Promise<string> {
  const { engine } = host;
  if (move.kind === "create" || move.kind === "remove") {
    const { spec } = wanted(move.network);
    const create = move.kind === "create";
    const done = create ? await engine.createNetwork(spec) : await engine.removeNetwork(spec.name);
    if (done.ok && create) model.created.add(move.network);
    if (done.ok && !create) model.created.delete(move.network);
    return codeOf(done);
  }
  const netns = defined(sandboxes[move.sandbox], "sandbox of the test");
  const { sandbox, ifname } = request(netns, { ifname: move.ifname as IfName });
  if (move.kind === "attach") {
    const { name } = wanted(move.network).spec;
    const done = await engine.attach(request(netns, { network: name, ifname }));
    if (!done.ok) return codeOf(done);
    const { id, addresses } = done.value.endpoint;
    const row = { network: move.network, id, addresses: addresses.map(interfaceAddressIp) };
    model.attached.set(keyOf(move), row);
    return "done";
  }
  const id = model.attached.get(keyOf(move))?.id ?? ("ep-nobody" as EndpointId);
  const done = await engine.detach(
    move.by === "id" ? { kind: "id", id } : { kind: "owner", sandbox, ifname },
  );
  if (done.ok) model.attached.delete(keyOf(move));
  return codeOf(done);
}

/** Kernel, book and model say the same. */
async function expectAgreement({ host, sandboxes, model }: Run): Promise<void> {
  const book = await bookOf(host.store);
  expect(book.operations).toEqual([]);
  expect(book.networks.map((row) => row.name).sort()).toEqual(
    [...model.created].map((index) => wanted(index).spec.name).sort(),
  );
  const expected = book.endpoints.map(({ id, sandbox, ifname, link, addresses, state }) => {
    const index = sandboxes.findIndex(({ cookie }) => sandbox.id.endsWith(`/${cookie}`));
    expect([state, model.attached.get(`${index} ${ifname}`)?.id]).toEqual(["attached", id]);
    const { alias, ifindex, mac } = link;
    return {
      netns: sandboxes[index]?.cookie,
      name: ifname,
      state: "up",
      alias,
      ifindex,
      mac,
      addresses,
    };
  });
  expect(expected).toHaveLength(model.attached.size);
  const byAlias = (a: { alias: string }, b: { alias: string }) => (a.alias < b.alias ? -1 : 1);
  const links = childrenIn(host.kernel).map(
    ({ netns, name, state, alias, ifindex, mac, addresses }) => {
      return { netns, name, state, alias, ifindex, mac, addresses };
    },
  );
  expect<unknown>(links.sort(byAlias)).toEqual(expected.sort(byAlias));
  const leased = book.leases.map(({ segment, address }) => `${segment} ${address}`);
  const held = [...model.attached.values()].flatMap((row) =>
    row.addresses.map((address) => `${wanted(row.network).spec.parent} ${address}`),
  );
  expect(leased.sort()).toEqual(held.sort());
  expect(new Set(leased).size).toBe(leased.length);
}

/** Detaches and removes everything, after which there is nothing. */
async function expectNothingLeft(run: Run, before: readonly string[]): Promise<void> {
  for (const { id } of run.model.attached.values()) {
    must(await run.host.engine.detach({ kind: "id", id }));
  }
  for (const index of run.model.created) {
    must(await run.host.engine.removeNetwork(wanted(index).spec.name));
  }
  expect(run.host.kernel.describe()).toEqual(before);
  const nothing = { segments: [], networks: [], endpoints: [], operations: [], leases: [] };
  expect(await bookOf(run.host.store)).toEqual(nothing);
}

const networkIndex = fc.nat(networks.length - 1);
const owner = { sandbox: fc.nat(SANDBOXES - 1), ifname: fc.constantFrom("eth0", "eth1") };
const anyMove: fc.Arbitrary<Move> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("create"), network: networkIndex }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("remove"), network: networkIndex }) },
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant("attach"), network: networkIndex, ...owner }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("detach"),
      by: fc.constantFrom("id", "owner"),
      ...owner,
    }),
  },
);
const anyFault: fc.Arbitrary<KernelFault> = fc.record({
  // A detach asks three things of the kernel, an attach sixteen.
  at: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 16 })),
  kind: fc.constantFrom("refused", "unheard"),
  errno: fc.constantFrom("EBUSY", "EINTR", "ENOMEM", "EPERM"),
});
/** Without networks most moves would be refused. */
const beginning = networks.map((_, index) => {
  return { move: { kind: "create", network: index }, fault: undefined } as const;
});
const anyStory = fc.array(
  fc.record({ move: anyMove, fault: fc.option(anyFault, { freq: 2, nil: undefined }) }),
  { minLength: 10, maxLength: 50, size: "max" },
);

describe.each([...storeKinds])("with the %s store", (storeKind) => {
  test("kernel, book and model agree after every step, and nothing stays at the end", async () => {
    const seen = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(anyStory, async (story) => {
        using host = openFakeHost(storeKind);
        const sandboxes = Array.from({ length: SANDBOXES }, () => host.sandbox());
        const run = { host, sandboxes, model: { created: new Set<number>(), attached: new Map() } };
        const before = host.kernel.describe();
        for (const { move, fault } of [...beginning, ...story]) {
          const expected = predict(run.model, move);
          host.kernel.inject(fault);
          const outcome = await play(run, move);
          const met = fault !== undefined && host.kernel.requests() >= fault.at;
          host.kernel.inject(undefined);
          if (!met) expect(outcome).toBe(expected);
          const what = `${move.kind} ${met ? "with a fault" : outcome}`;
          seen.set(what, (seen.get(what) ?? 0) + 1);
          await expectAgreement(run);
        }
        await expectNothingLeft(run, before);
      }),
      { numRuns: storeKind === "memory" ? 50 : 10 },
    );
    const rare = storeKind === "memory" ? everyOutcome : [];
    expect([...seen.keys()]).toEqual(expect.arrayContaining(rare));
  });
});

/** Stories that never met one of these would prove less than they seem to. */
const everyOutcome = [
  "attach LF-IFNAME-TAKEN",
  "attach LF-NETWORK-MISSING",
  "attach LF-POOL-EXHAUSTED",
  "attach done",
  "attach with a fault",
  "create LF-NETWORK-EXISTS",
  "create done",
  "create with a fault",
  "detach LF-ENDPOINT-MISSING",
  "detach done",
  "detach with a fault",
  "remove LF-NETWORK-IN-USE",
  "remove LF-NETWORK-MISSING",
  "remove done",
];
