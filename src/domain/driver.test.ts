import { describe, expect, test } from "bun:test";
import type { Mac } from "../addr/index.ts";
import {
  driverFlag,
  formatDriver,
  isRoutedByHost,
  parseDriver,
  parseDriverChange,
} from "./index.ts";
import { accepted, refused } from "./testing.ts";

const [low, high] = ["02:00:00:00:00:01" as Mac, "02:00:00:00:00:02" as Mac];

describe("parseDriver", () => {
  test.each(["bridge", "private", "vepa", "passthru"] as const)(
    "drives macvlan in mode %s, with a length of its queue where one is given",
    (mode) => {
      const driver = accepted(parseDriver({ kind: "macvlan", mode }));
      expect(driver).toEqual({ kind: "macvlan", mode });
      expect(formatDriver(driver)).toBe(`macvlan ${mode}`);
      expect(driverFlag(driver)).toBeUndefined();
      const queued = parseDriver({ kind: "macvlan", mode, bcQueueLen: 0 });
      expect(accepted(queued)).toEqual({ kind: "macvlan", mode, bcQueueLen: 0 });
    },
  );

  test("takes the first mode where none is given", () => {
    expect(accepted(parseDriver({ kind: "macvlan" }))).toEqual({ kind: "macvlan", mode: "bridge" });
    expect(accepted(parseDriver({ kind: "ipvlan" }))).toEqual({ kind: "ipvlan", mode: "l2" });
  });

  test("keeps the peers of mode source as a set, which may be empty", () => {
    const driver = parseDriver({ kind: "macvlan", mode: "source", sources: [high, low, high] });
    const allowedMacs = [low, high];
    expect(accepted(driver)).toEqual({ kind: "macvlan", mode: "source", allowedMacs });
    const none = accepted(parseDriver({ kind: "macvlan", mode: "source" }));
    expect(none).toEqual({ kind: "macvlan", mode: "source", allowedMacs: [] });
  });

  test.each([
    ["passthru", "nopromisc", {}],
    ["source", "nodst", { allowedMacs: [] }],
  ] as const)("drives mode %s with its flag %s", (mode, flag, rest) => {
    const driver = accepted(parseDriver({ kind: "macvlan", mode, flag }));
    expect(driver as object).toEqual({ kind: "macvlan", mode, flag, ...rest });
    expect(driverFlag(driver)).toBe(flag);
  });

  test.each([
    ["bridge", "nodst", []],
    [undefined, "nopromisc", []],
    ["passthru", "nodst", ["nopromisc"]],
    ["source", "nopromisc", ["nodst"]],
    ["source", "", ["nodst"]],
    ["vepa", "private", []],
  ] as const)("refuses in mode %s the flag %p", (mode, flag, flags) => {
    const wish = { kind: "macvlan", flag, ...(mode === undefined ? {} : { mode }) };
    const problem = refused(parseDriver(wish));
    expect(problem.code).toBe("LF-FLAG-UNKNOWN");
    expect(problem.facts).toEqual({ mode: mode ?? "bridge", flag, flags: [...flags] });
  });

  test.each(["bridge", "private", "vepa", "passthru"])(
    "refuses a list of peers in mode %s",
    (mode) => {
      const problem = refused(parseDriver({ kind: "macvlan", mode, sources: [low] }));
      expect([problem.code, problem.facts]).toEqual(["LF-SOURCE-NOT-IN-MODE", { mode }]);
    },
  );

  test.each(["01:00:5e:00:00:01", "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00"])(
    "refuses the peer %s, whom the kernel refuses too (EADDRNOTAVAIL)",
    (mac) => {
      const sources = [low, mac as Mac];
      const problem = refused(parseDriver({ kind: "macvlan", mode: "source", sources }));
      expect([problem.code, problem.facts]).toEqual(["LF-MAC-UNUSABLE", { mac }]);
    },
  );

  test.each([-1, 1.5, 2 ** 32, Number.NaN])("refuses a queue of %p frames", (bcQueueLen) => {
    const problem = refused(parseDriver({ kind: "macvlan", bcQueueLen }));
    expect(problem.code).toBe("LF-BCQUEUELEN-INVALID");
    expect(accepted(parseDriver({ kind: "macvlan", bcQueueLen: 2 ** 32 - 1 }))).toBeDefined();
  });

  test.each(["l2", "l3", "l3s"] as const)("drives ipvlan in mode %s with each flag", (mode) => {
    const plain = accepted(parseDriver({ kind: "ipvlan", mode }));
    expect(plain).toEqual({ kind: "ipvlan", mode });
    expect(formatDriver(plain)).toBe(`ipvlan ${mode}`);
    expect(accepted(parseDriver({ kind: "ipvlan", mode, flag: "bridge" }))).toEqual(plain);
    for (const flag of ["private", "vepa"] as const) {
      const driver = accepted(parseDriver({ kind: "ipvlan", mode, flag }));
      expect(driver).toEqual({ kind: "ipvlan", mode, flag });
      expect([formatDriver(driver), driverFlag(driver)]).toEqual([`ipvlan ${mode} ${flag}`, flag]);
    }
    expect(isRoutedByHost(plain)).toBe(mode !== "l2");
  });

  test("refuses what only macvlan has, and its flags", () => {
    const ipvlan = { kind: "ipvlan" } as const;
    const codes = [{ bcQueueLen: 5 }, { sources: [low] }, { flag: "nodst" }].map(
      (wish) => refused(parseDriver({ ...ipvlan, ...wish })).code,
    );
    expect(codes).toEqual(["LF-BCQUEUELEN-UNUSED", "LF-SOURCE-NOT-IN-MODE", "LF-FLAG-UNKNOWN"]);
    expect(refused(parseDriver({ kind: "macvlan", flag: "vepa" })).code).toBe("LF-FLAG-UNKNOWN");
  });

  test("an ipvlan network keeps its mode", () => {
    const driver = accepted(parseDriver({ kind: "ipvlan", mode: "l2", flag: "private" }));
    expect(accepted(parseDriverChange(driver, {}))).toEqual(driver);
    expect(refused(parseDriverChange(driver, { mode: "l3" })).code).toBe("LF-MODE-FIXED");
    expect(refused(parseDriverChange(driver, { sources: [low] })).code).toBe(
      "LF-SOURCE-NOT-IN-MODE",
    );
  });

  test.each([
    ["macvlan", "l2", ["bridge", "private", "vepa", "passthru", "source"]],
    ["macvlan", "", ["bridge", "private", "vepa", "passthru", "source"]],
    ["macvlan", "Bridge", ["bridge", "private", "vepa", "passthru", "source"]],
    ["ipvlan", "bridge", ["l2", "l3", "l3s"]],
    ["ipvlan", "l7", ["l2", "l3", "l3s"]],
  ] as const)("refuses %s %p and lists the modes that there are", (driver, mode, modes) => {
    const problem = refused(parseDriver({ kind: driver, mode }));
    expect(problem.code).toBe("LF-MODE-UNKNOWN");
    expect(problem.facts).toEqual({ driver, mode, modes: [...modes] });
    expect(problem.remedy).toContain(modes.join(", "));
  });

  test.each([["bridge"], [""], ["MACVLAN"], ["macvtap"], ["toString"], ["__proto__"]])(
    "refuses driver %p",
    (driver) => {
      const problem = refused(parseDriver({ kind: driver, mode: "bridge" }));
      expect(problem.code).toBe("LF-DRIVER-UNKNOWN");
      expect(problem.facts).toEqual({ driver });
    },
  );
});
