import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseFilter } from "./parse-filter.ts";
import { accepted, refused } from "./testing.ts";

const parse = (text: string) => accepted(parseFilter(text)) as unknown;
const refuse = (text: string) => refused(parseFilter(text));

describe("parseFilter", () => {
  test("takes an empty filter for all frames", () => {
    expect(parse("")).toEqual({ kind: "all" });
    expect(parse("  \t ")).toEqual({ kind: "all" });
  });

  test("reads primitives with and without their options", () => {
    expect(parse("arp")).toEqual({ kind: "arp", operation: "any" });
    expect(parse("arp reply")).toEqual({ kind: "arp", operation: "reply" });
    expect(parse("icmp6 echo-reply")).toEqual({ kind: "icmp", version: 6, message: "echo-reply" });
    expect(parse("tcp syn")).toEqual({ kind: "tcp", segment: "syn" });
    expect(parse("vlan")).toEqual({ kind: "vlan", id: "any" });
    expect(parse("vlan 4095")).toEqual({ kind: "vlan", id: 4095 });
    expect(parse("dst port 80")).toEqual({ kind: "port", side: "destination", port: 80 });
  });

  test("keeps addresses in their one canonical form", () => {
    expect(parse("host FD00:0::1")).toEqual({ kind: "host", side: "either", address: "fd00::1" });
    expect(parse("ether src 02-00-00-00-00-AA")).toEqual({
      kind: "ether",
      side: "source",
      address: "02:00:00:00:00:aa",
    });
  });

  test("reads and and or from left to right, as tcpdump does", () => {
    const [arp, ndp, udp] = [{ kind: "arp", operation: "any" }, { kind: "ndp" }, { kind: "udp" }];
    expect(parse("arp or ndp and udp")).toEqual({
      kind: "and",
      operands: [{ kind: "or", operands: [arp, ndp] }, udp],
    });
    expect(parse("arp or ndp or udp")).toEqual({ kind: "or", operands: [arp, ndp, udp] });
    expect(parse("arp or (ndp and udp)")).toEqual({
      kind: "or",
      operands: [arp, { kind: "and", operands: [ndp, udp] }],
    });
  });

  test("binds not to the next primitive or parenthesis only", () => {
    expect(parse("not ndp and udp")).toEqual({
      kind: "and",
      operands: [{ kind: "not", operand: { kind: "ndp" } }, { kind: "udp" }],
    });
    expect(parse("not not ndp")).toEqual({
      kind: "not",
      operand: { kind: "not", operand: { kind: "ndp" } },
    });
  });

  test("reads the signs that pcap-filter allows, with or without spaces", () => {
    expect(parse("!ndp&&(udp||arp)")).toEqual(parse("not ndp and ( udp or arp )"));
  });
});

describe("a refused filter", () => {
  test("points at the word, and proposes the one that was meant", () => {
    const problem = refuse("arp or imcp");
    expect(problem.code).toBe("LF-FILTER-INVALID");
    expect(problem.detail).toBe(
      '"imcp" (column 8 of the filter "arp or imcp") is not something a filter can ask for.',
    );
    expect(problem.remedy).toStartWith('Did you mean "icmp"? Possible here: arp [request|reply], ');
    expect(problem.remedy).toContain("ether src|dst|host MAC");
  });

  test("does not propose what is far away", () => {
    expect(refuse("multicats").facts.meant).toBe("multicast");
    expect(refuse("whatever").facts.meant).toBeUndefined();
    expect(refuse("whatever").remedy).toStartWith("Possible here: arp");
  });

  test.each([
    ["arp requst", "requst", 5, "request"],
    ["tcp sync", "sync", 5, "syn"],
    ["icmp echo-reques and udp", "echo-reques", 6, "echo-request"],
    ["arp und udp", "und", 5, "and"],
    ["src hots 10.0.0.1", "hots", 5, "host"],
    ["ether form 02:00:00:00:00:01", "form", 7, undefined],
    ["ether src 02:00:00:00:00", "02:00:00:00:00", 11, undefined],
    ["host 10.0.0.256", "10.0.0.256", 6, undefined],
    ["host and arp", "and", 6, undefined],
    ["port 65536", "65536", 6, undefined],
    ["port http", "http", 6, undefined],
    ["vlan 4096", "4096", 6, undefined],
    ["vlan -1", "-1", 6, undefined],
    ["udp tcp", "tcp", 5, undefined],
    ["(udp", "", 5, undefined],
    ["(udp udp)", "udp", 6, undefined],
    ["udp)", ")", 4, undefined],
    ["udp and", "", 8, undefined],
    ["not", "", 4, undefined],
    ["()", ")", 2, undefined],
    ["udp & tcp", "&", 5, undefined],
    ["src", "", 4, undefined],
    ["UDP", "UDP", 1, "udp"],
    ["__proto__", "__proto__", 1, undefined],
  ])("%j is refused at %j, column %p", (text, word, column, meant) => {
    const { code, facts } = refuse(text);
    expect(code).toBe("LF-FILTER-INVALID");
    expect([facts.word, facts.column, facts.meant]).toEqual([word, column, meant]);
  });

  test("says so when it is too long or too deep to be meant", () => {
    expect(refuse(`${"(".repeat(10_000)}udp`).detail).toContain("one word too many");
    expect(parseFilter(Array.from({ length: 100 }, () => "udp").join(" or ")).ok).toBe(true);
    expect(refuse(Array.from({ length: 101 }, () => "udp").join(" or ")).detail).toContain(
      "one word too many",
    );
  });

  test("is never an exception, whatever the text", () => {
    const word = fc.constantFrom("(", ")", "not", "and", "or", "src", "host", "port", "80", "arp");
    const text = fc.oneof(
      fc.string(),
      fc.array(word).map((words) => words.join(" ")),
    );
    fc.assert(
      fc.property(text, (any) => {
        const result = parseFilter(any);
        if (!result.ok) expect(result.error.code).toBe("LF-FILTER-INVALID");
        else expect(result.value.kind).toBeString();
      }),
    );
  });
});
