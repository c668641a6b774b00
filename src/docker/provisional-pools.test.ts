import { expect, test } from "bun:test";
import type { Prefix } from "../addr/index.ts";
import { minutes, type Problem, type Result, seconds } from "../base/index.ts";
import { accepted, ip, prefix } from "../domain/testing.ts";
import { ProvisionalPools } from "./provisional-pools.ts";
import { FakeClock } from "./testing.ts";

const lan = prefix("10.0.0.0/24");
let count = 0;

function site() {
  const clock = new FakeClock();
  const pools = new ProvisionalPools(clock);
  const add = (range?: Prefix) =>
    pools.add({ prefix: lan, nonce: String(++count), ...(range ? { subPool: range } : {}) });
  return { clock, pools, add };
}

const idsOf = (found: Result<readonly { readonly id: string }[], Problem>) =>
  found.ok ? found.value.map(({ id }) => id) : found.error.code;
const codeOf = (result: Result<unknown, Problem>) => (result.ok ? "done" : result.error.code);

test("a network's pool is known by its gateway and what it holds", () => {
  const { pools, add } = site();
  const [a, b] = [add(), add(prefix("10.0.0.128/25"))];
  accepted(pools.holdGateway(a, ip("10.0.0.1")));
  accepted(pools.hold(b, ip("10.0.0.20")));
  const none = { prefix: lan, held: [] };
  expect(idsOf(pools.match({ ...none, gateway: ip("10.0.0.1") }))).toEqual([a.id]);
  expect(idsOf(pools.match({ ...none, held: [ip("10.0.0.20")] }))).toEqual([b.id]);
});

test("pools that are alike are all the network's: Docker repeated its call", () => {
  const { pools, add } = site();
  const ids = [add().id, add().id];
  expect(idsOf(pools.match({ prefix: lan, held: [] }))).toEqual(ids);
});

test("nobody can say which of two ranges a network means", () => {
  const { pools, add } = site();
  add(prefix("10.0.0.0/25"));
  add(prefix("10.0.0.128/25"));
  expect(idsOf(pools.match({ prefix: lan, held: [] }))).toBe("LF-DOCKER-POOL");
});

test("what was dropped, never asked for, or asked for long ago is unknown", async () => {
  const { clock, pools, add } = site();
  const [a, b] = [add(), add()];
  pools.drop(a.id);
  expect(idsOf(pools.match({ prefix: lan, held: [] }))).toEqual([b.id]);
  expect(idsOf(pools.match({ prefix: prefix("10.1.0.0/24"), held: [] }))).toBe("LF-DOCKER-POOL");
  await clock.pass(minutes(2));
  expect(pools.get(b.id)).toBeDefined();
  await clock.pass(seconds(1));
  expect(pools.get(b.id)).toBeUndefined();
  expect(idsOf(pools.match({ prefix: lan, held: [] }))).toBe("LF-DOCKER-POOL");
});

test("the oldest is forgotten when there are too many", () => {
  const { pools, add } = site();
  const first = add();
  for (let more = 0; more < 255; more++) add();
  expect(pools.get(first.id)).toBeDefined();
  add();
  expect(pools.get(first.id)).toBeUndefined();
});

test("gateway and held addresses may be asked for twice, and must not clash", () => {
  const { pools, add } = site();
  const { id } = add();
  const now = () => pools.get(id) ?? add();
  const gateway = (text: string) => codeOf(pools.holdGateway(now(), ip(text)));
  const hold = (text: string) => codeOf(pools.hold(now(), ip(text)));
  expect([gateway("10.0.0.1"), gateway("10.0.0.1"), gateway("10.0.0.2")]).toEqual([
    "done",
    "done",
    "LF-ADDRESS-UNUSABLE",
  ]);
  expect([hold("10.0.0.20"), hold("10.0.0.20"), hold("10.0.0.1"), hold("10.0.1.1")]).toEqual([
    "done",
    "done",
    "LF-ADDRESS-UNUSABLE",
    "LF-ADDRESS-UNUSABLE",
  ]);
  expect(now()).toMatchObject({ gateway: "10.0.0.1", held: ["10.0.0.20"] });
  pools.free(now(), ip("10.0.0.1"));
  pools.free(now(), ip("10.0.0.20"));
  expect(now().gateway).toBeUndefined();
  expect(now().held).toEqual([]);
  expect([gateway("10.0.1.1"), hold("10.0.0.9"), gateway("10.0.0.9")]).toEqual([
    "LF-ADDRESS-UNUSABLE",
    "done",
    "LF-ADDRESS-UNUSABLE",
  ]);
});
