import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { err, ok, seconds } from "../base/index.ts";
import { macTaken, parentMissing } from "../domain/index.ts";
import type { Handover } from "../engine/index.ts";
import { methods } from "./methods.ts";
import { FakeSite } from "./testing.ts";
import {
  both,
  CONTENT_TYPE,
  endpointBody,
  networkBody,
  requestPool,
  withNetwork,
} from "./testing-calls.ts";

test("a refusal is words on one line, under both keys, and how long it took", async () => {
  const problem = macTaken({ mac: "02:00:00:00:00:01", owner: "endpoint\nep-1" });
  const site = new FakeSite();
  const { data } = await requestPool(site);
  await site.ask("NetworkDriver.CreateNetwork", networkBody([data]));
  site.plugin = site.open({ prepare: async () => err(problem) });
  const words =
    "02:00:00:00:00:01 belongs to endpoint ep-1. " +
    "Ask for another MAC address, or for none to be given one. (LF-MAC-TAKEN)";
  const began = performance.now();
  const response = await site.send("NetworkDriver.CreateEndpoint", endpointBody("10.0.0.5/24"));
  const took = /^handler;dur=(\d+\.\d{3})$/.exec(response.headers.get("server-timing") ?? "")?.[1];
  expect(Number(took)).toBeGreaterThan(0);
  expect(Number(took)).toBeLessThanOrEqual(performance.now() - began);
  expect([response.status, response.headers.get("content-type")]).toEqual([200, CONTENT_TYPE]);
  expect(await response.json()).toEqual({ Err: words, Error: words });
});

test("what was done all the same is told to the listener", async () => {
  const { site } = await withNetwork();
  const warning = parentMissing({ parent: "p0", links: [], nearest: undefined });
  const { prepare } = site.fake.handover;
  site.plugin = site.open({
    prepare: async (request) => {
      const made = await prepare(request);
      return made.ok ? ok({ ...made.value, warnings: [warning] }) : made;
    },
  });
  await site.ask("NetworkDriver.CreateEndpoint", endpointBody("10.0.0.5/24"));
  expect(site.warned).toEqual([warning]);
});

test("a bug is answered with 500, and told", async () => {
  const site = new FakeSite();
  site.plugin = site.open({
    withdraw: () => {
      throw new Error("nobody thought of this");
    },
  });
  const response = await site.send("NetworkDriver.DeleteEndpoint", both);
  expect([response.status, await response.json()]).toMatchObject([
    500,
    { Err: expect.stringContaining("LF-DAEMON-BUG") },
  ]);
  expect(site.bugs.map(({ message }) => message)).toEqual(["nobody thought of this"]);
});

describe("a call that takes too long", () => {
  /** A prepare that ends when the test says so. */
  async function slow() {
    const { site } = await withNetwork();
    const work = Promise.withResolvers<Awaited<ReturnType<Handover["prepare"]>>>();
    const begun = Promise.withResolvers<AbortSignal | undefined>();
    site.plugin = site.open({
      prepare: ({ signal }) => {
        begun.resolve(signal);
        return work.promise;
      },
    });
    const answer = site.ask("NetworkDriver.CreateEndpoint", endpointBody("10.0.0.5/24"));
    return { site, work, answer, signal: await begun.promise };
  }

  test("is called off, and its own answer is awaited a little longer", async () => {
    const { site, work, answer, signal } = await slow();
    await site.clock.pass(seconds(14));
    expect(signal?.aborted).toBe(false);
    await site.clock.pass(seconds(1));
    expect(signal?.aborted).toBe(true);
    work.resolve(err(macTaken({ mac: "m", owner: "o" })));
    expect(await answer).toMatchObject({ Err: expect.stringContaining("LF-MAC-TAKEN") });
    expect(site.bugs).toEqual([]);
  });

  test("is answered all the same", async () => {
    const { site, work, answer } = await slow();
    await site.clock.pass(seconds(15));
    await site.clock.pass(seconds(5));
    const words = "NetworkDriver.CreateEndpoint took more than 20 s.";
    expect(await answer).toMatchObject({ Err: expect.stringContaining(words) });
    work.reject(new Error("much later"));
    await Bun.sleep(0);
    expect(site.bugs.map(({ message }) => message)).toEqual(["much later"]);
  });

  test("is called off when Docker hangs up", async () => {
    const { site } = await withNetwork();
    const begun = Promise.withResolvers<AbortSignal | undefined>();
    site.plugin = site.open({
      prepare: ({ signal }) => {
        begun.resolve(signal);
        return new Promise(() => undefined);
      },
    });
    const hangUp = new AbortController();
    const body = JSON.stringify(endpointBody("10.0.0.5/24"));
    const init = { method: "POST", body, signal: hangUp.signal };
    void site.plugin.fetch(new Request("http://d/NetworkDriver.CreateEndpoint", init));
    const signal = await begun.promise;
    hangUp.abort();
    expect(signal?.aborted).toBe(true);
  });
});

describe("requests that nobody should send", () => {
  test.each([
    ["GET", "http://d/Plugin.Activate"],
    ["POST", "http://d/"],
    ["POST", "http://d/NetworkDriver.Fly"],
    ["POST", "http://d/constructor"],
    ["POST", "http://d/x/Plugin.Activate"],
  ])("%s %s is answered with 404", async (method, url) => {
    const site = new FakeSite();
    const response = await site.plugin.fetch(new Request(url, { method }));
    expect([response.status, response.headers.get("content-type")]).toEqual([404, CONTENT_TYPE]);
    expect(await response.json()).toMatchObject({
      Err: expect.stringContaining("LF-DOCKER-METHOD"),
    });
  });

  test.each(["/Plugin.Activate", "http:///Plugin.Activate", "http://d/Plugin.Activate?a=/b"])(
    "a method is found in %s",
    async (url) => {
      const site = new FakeSite();
      const request = { url, method: "POST", text: async () => "", signal: AbortSignal.any([]) };
      const response = await site.plugin.fetch(request as unknown as Request);
      expect(response.status).toBe(200);
    },
  );

  test.each(["{", "[]", '"text"', "7", "\u0000", '{"NetworkID":7}', '{"NetworkID":"../x"}'])(
    "the body %j is told to be wrong",
    async (body) => {
      const site = new FakeSite();
      expect(await site.codeOf("NetworkDriver.DeleteNetwork", body)).toBe("LF-DOCKER-REQUEST");
    },
  );

  test("whatever comes is answered, and is no bug", async () => {
    const site = new FakeSite();
    const key = fc.constantFrom(
      "NetworkID",
      "EndpointID",
      "PoolID",
      "Address",
      "Options",
      "Interface",
      "Pool",
    );
    const body = fc.oneof(
      fc.string(),
      fc.json(),
      fc.dictionary(key, fc.jsonValue()).map((row) => JSON.stringify(row)),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...Object.keys(methods)), body, async (method, text) => {
        const response = await site.send(method, text);
        expect(response.status).toBe(200);
        expect(await response.json()).toBeObject();
      }),
      { numRuns: 500 },
    );
    expect(site.bugs).toEqual([]);
  });
});
