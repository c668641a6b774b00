import { expect, test } from "bun:test";
import fc from "fast-check";
import { type Ip, parseIp, parsePrefix, parseRange } from "../../addr/index.ts";
import type { Result } from "../../base/index.ts";
import type { AddressPoolConfig } from "../conf/ipam.ts";
import { MemoryFiles, memoryFolder } from "../testing-files.ts";
import { allocate } from "./allocate.ts";

function must<T, E>(result: Result<T, E>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

const ip = (text: string): Ip => must(parseIp(text));

/** What `host-local` makes of a subnet: from .1, which is the gateway, to before broadcast. */
function pool(prefix: string, range: string, gateway: string): AddressPoolConfig {
  return {
    prefix: must(parsePrefix(prefix)),
    range: must(parseRange(range)),
    gateway: ip(gateway),
  };
}

const slash29 = [pool("10.0.0.0/29", "10.0.0.1-10.0.0.6", "10.0.0.1")];
const slash30 = [pool("10.0.0.0/30", "10.0.0.1-10.0.0.2", "10.0.0.1")];
const v6 = [pool("2001:db8:1::/64", "2001:db8:1::1-2001:db8:1::ffff", "2001:db8:1::1")];
const several = [slash30[0], pool("10.0.1.0/30", "10.0.1.1-10.0.1.2", "10.0.1.1")].flatMap(
  (one) => one ?? [],
);
const someone = { containerId: "other", ifname: "eth0" };
const holder = { containerId: "ID", ifname: "eth0" };

interface Case {
  readonly set: readonly AddressPoolConfig[];
  readonly taken: readonly string[];
  readonly last?: string;
}

function given({ set, taken, last }: Case, requested?: string) {
  const files = new MemoryFiles();
  const folder = memoryFolder(files);
  for (const address of taken) {
    files.texts.set(`${folder.directory}/${address}`, "other\r\neth0");
  }
  if (last !== undefined) files.texts.set(`${folder.directory}/last_reserved_ip.0`, last);
  const wanted = {
    set,
    index: 0,
    ...(requested === undefined ? {} : { requested: ip(requested) }),
  };
  const result = allocate(folder, holder, [wanted]);
  return result.ok ? result.value[0]?.address : result.error.msg;
}

/**
 * The cases of the reference's allocator_test.go, with its gateway on .1:
 *
 * | case there                                     | test here                                |
 * |------------------------------------------------|------------------------------------------|
 * | round robin, a table of twelve                 | round robin                              |
 * | the iterator from beginning, end, middle       | round and round, from …                  |
 * | never the broadcast address                    | the same: all of a /29, and then none    |
 * | round robin after a release                    | what is given back is not given next     |
 * | an address asked for; one that is taken        | an address asked for …                   |
 * | one after the range's end, before its start    | … outside is refused                     |
 * | nothing left, three times                      | a set that is full                       |
 * | the last address at the end of one of several  | round robin: on into the next pool       |
 * | several ranges and no last address             | round robin: no last one, the first pool |
 */
test.each([
  ["fresh", { set: slash29, taken: [] }, "10.0.0.2"],
  ["fresh, IPv6", { set: v6, taken: [] }, "2001:db8:1::2"],
  ["the smallest", { set: slash30, taken: [] }, "10.0.0.2"],
  ["the first is taken", { set: slash29, taken: ["10.0.0.2"] }, "10.0.0.3"],
  ["after the last", { set: slash29, taken: [], last: "10.0.0.5" }, "10.0.0.6"],
  [
    "skips what is taken",
    { set: slash29, taken: ["10.0.0.4", "10.0.0.5"], last: "10.0.0.3" },
    "10.0.0.6",
  ],
  ["round to the start", { set: slash29, taken: [], last: "10.0.0.6" }, "10.0.0.2"],
  [
    "round, skipping",
    { set: slash29, taken: ["10.0.0.2", "10.0.0.3", "10.0.0.5"], last: "10.0.0.6" },
    "10.0.0.4",
  ],
  ["last is out of range", { set: slash29, taken: [], last: "10.0.0.128" }, "10.0.0.2"],
  [
    "full but for the last given",
    { set: slash29, taken: ["10.0.0.2", "10.0.0.4", "10.0.0.5", "10.0.0.6"], last: "10.0.0.3" },
    "10.0.0.3",
  ],
  ["on into the next pool", { set: several, taken: [], last: "10.0.0.2" }, "10.0.1.2"],
  ["no last one, the first pool", { set: several, taken: [] }, "10.0.0.2"],
  ["back to the first pool", { set: several, taken: [], last: "10.0.1.2" }, "10.0.0.2"],
] as const)("round robin: %s", (_name, state, expected) => {
  expect(given(state)).toBe(expected);
});

const lastPart = (address: string): number => Number(address.split(".")[3]);

test.each([
  ["the beginning", undefined, [2, 3, 4, 5, 6]],
  ["the end", "10.0.0.6", [2, 3, 4, 5, 6]],
  ["the middle", "10.0.0.3", [4, 5, 6, 2, 3]],
] as const)("round and round, from %s, and never the broadcast address", (_, last, expected) => {
  const files = new MemoryFiles();
  const folder = memoryFolder(files, "/d");
  if (last !== undefined) files.texts.set("/d/last_reserved_ip.0", last);
  const next = (containerId: string) =>
    allocate(folder, { ...holder, containerId }, [{ set: slash29, index: 0 }]);
  const given = expected.map((at) => must(next(`c${at}`))[0]?.address ?? "");
  expect(given.map(lastPart)).toEqual([...expected]);
  expect(next("one more").ok).toBe(false);
});

test("what is given back is not given next", () => {
  const files = new MemoryFiles();
  const folder = memoryFolder(files, "/d");
  const next = (containerId: string) =>
    must(allocate(folder, { ...holder, containerId }, [{ set: slash29, index: 0 }]))[0]?.address;
  expect([next("a"), next("b")]).toEqual([ip("10.0.0.2"), ip("10.0.0.3")]);
  files.removeFile("/d/10.0.0.2");
  files.removeFile("/d/10.0.0.3");
  expect(next("a")).toBe(ip("10.0.0.4"));
});

const full = ["10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6"];
test.each([
  ["of one address", { set: slash30, taken: ["10.0.0.2"] }, "10.0.0.1-10.0.0.2"],
  ["after the last", { set: slash29, taken: full, last: "10.0.0.4" }, "10.0.0.1-10.0.0.6"],
  [
    "of several pools",
    { set: several, taken: ["10.0.0.2", "10.0.1.2"], last: "10.0.1.2" },
    "10.0.0.1-10.0.0.2,10.0.1.1-10.0.1.2",
  ],
] as const)("a set that is full, %s, is told with its ranges", (_, state, ranges) => {
  expect(given(state)).toBe(`no IP addresses available in range set: ${ranges}`);
});

test("an address asked for is given, and the next one follows it", () => {
  const files = new MemoryFiles();
  const folder = memoryFolder(files, "/d");
  const wanted = { set: slash29, index: 0 };
  const first = allocate(folder, holder, [{ ...wanted, requested: ip("10.0.0.5") }]);
  expect(must(first)[0]?.address).toBe(ip("10.0.0.5"));
  expect(must(allocate(folder, someone, [wanted]))[0]?.address).toBe(ip("10.0.0.6"));
});

test("an address asked for that is another's, the gateway's or outside is refused", () => {
  const refusals = ["10.0.0.5", "10.0.0.1", "10.0.0.7"].map((wish) =>
    given({ set: slash29, taken: ["10.0.0.5"] }, wish),
  );
  expect(refusals).toEqual([
    "requested IP address 10.0.0.5 is not available in range set 10.0.0.1-10.0.0.6",
    "requested IP 10.0.0.1 is the gateway of 10.0.0.0/29",
    "IP 10.0.0.7 is not in 10.0.0.1-10.0.0.6",
  ]);
  const narrow = [pool("10.0.0.0/29", "10.0.0.3-10.0.0.5", "10.0.0.1")];
  const outside = ["10.0.0.2", "10.0.0.6"].map((wish) => given({ set: narrow, taken: [] }, wish));
  expect(outside).toEqual([
    "IP 10.0.0.2 is not in 10.0.0.3-10.0.0.5",
    "IP 10.0.0.6 is not in 10.0.0.3-10.0.0.5",
  ]);
});

test("files have the names and texts of the reference", () => {
  const files = new MemoryFiles();
  const folder = memoryFolder(files, "/d");
  must(
    allocate(folder, holder, [
      { set: slash29, index: 0 },
      { set: v6, index: 1 },
    ]),
  );
  expect(Object.fromEntries(files.texts)).toEqual({
    "/d/10.0.0.2": "ID\r\neth0",
    "/d/last_reserved_ip.0": "10.0.0.2",
    "/d/2001:db8:1::2": "ID\r\neth0",
    "/d/last_reserved_ip.1": "2001:db8:1::2",
  });
});

test("a second address of a set is refused, for the same link only", () => {
  const files = new MemoryFiles();
  const folder = memoryFolder(files);
  must(allocate(folder, holder, [{ set: slash29, index: 0 }]));
  const again = allocate(folder, holder, [{ set: slash29, index: 0 }]);
  expect(again).toMatchObject({
    error: { msg: "10.0.0.2 has been allocated to ID, duplicate allocation is not allowed" },
  });
  const other = allocate(folder, { ...holder, ifname: "eth1" }, [{ set: slash29, index: 0 }]);
  expect(must(other)[0]?.address).toBe(ip("10.0.0.3"));
});

test("all sets or none: what the first set gave is given back when the second is full", () => {
  const files = new MemoryFiles();
  const folder = memoryFolder(files, "/d");
  files.texts.set("/d/10.0.0.2", "other\r\neth0");
  const wanted = [
    { set: v6, index: 0 },
    { set: slash30, index: 1 },
  ];
  expect(allocate(folder, holder, wanted).ok).toBe(false);
  expect([...files.texts.keys()]).toEqual(["/d/10.0.0.2", "/d/last_reserved_ip.0"]);
});

test("an empty file, whose writer died, does not keep its address", () => {
  const files = new MemoryFiles();
  const folder = memoryFolder(files, "/d");
  files.texts.set("/d/10.0.0.2", "");
  expect(must(allocate(folder, holder, [{ set: slash30, index: 0 }]))[0]?.address).toBe(
    ip("10.0.0.2"),
  );
  expect(files.texts.get("/d/10.0.0.2")).toBe("ID\r\neth0");
});

test("an address that cannot be noted as the last one is not given", () => {
  const files = new MemoryFiles();
  const folder = memoryFolder(files, "/d");
  files.readOnly.add("/d/last_reserved_ip.0");
  const result = allocate(folder, holder, [{ set: slash29, index: 0 }]);
  expect(result).toMatchObject({ error: { code: 5 } });
  expect([...files.texts.keys()]).toEqual([]);
});

test("whatever is taken, each address is given to one, until all are", () => {
  const taken = fc.subarray(["10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6"]);
  const last = fc.option(fc.constantFrom("10.0.0.1", "10.0.0.3", "10.0.0.6", "rubbish"));
  fc.assert(
    fc.property(taken, last, (before, lastGiven) => {
      const files = new MemoryFiles();
      const folder = memoryFolder(files);
      for (const one of before) files.texts.set(`${folder.directory}/${one}`, "other\r\neth0");
      if (lastGiven !== null) files.texts.set(`${folder.directory}/last_reserved_ip.0`, lastGiven);
      const answers = Array.from({ length: 6 - before.length }, (_, index) =>
        allocate(folder, { ...someone, containerId: `c${index}` }, [{ set: slash29, index: 0 }]),
      );
      const got = answers.flatMap((answer) => (answer.ok ? answer.value : []));
      expect(new Set([...before, ...got.map(({ address }) => String(address))]).size).toBe(5);
      expect(answers.at(-1)?.ok).toBe(false);
    }),
  );
});
