import { describe, expect, test } from "bun:test";
import { formatDriver, parseDriver } from "./index.ts";
import { accepted, refused } from "./testing.ts";

describe("parseDriver", () => {
  test.each([
    ["macvlan", "bridge"],
    ["macvlan", undefined],
  ] as const)("drives %s in mode %s", (kind, mode) => {
    const driver = accepted(parseDriver(kind, mode));
    expect(driver).toEqual({ kind: "macvlan", mode: "bridge" });
    expect(formatDriver(driver)).toBe("macvlan bridge");
  });

  test.each([
    ["macvlan", "private", "private"],
    ["macvlan", "vepa", "vepa"],
    ["macvlan", "passthru", "passthru"],
    ["macvlan", "source", "source"],
    ["ipvlan", "l2", "l2"],
    ["ipvlan", "l3", "l3"],
    ["ipvlan", "l3s", "l3s"],
    ["ipvlan", undefined, "l2"],
  ] as const)("knows %s %s, which this version does not drive", (driver, mode, meant) => {
    const problem = refused(parseDriver(driver, mode));
    expect(problem.code).toBe("LF-MODE-UNSUPPORTED");
    expect(problem.facts).toEqual({ driver, mode: meant });
  });

  test.each([
    ["macvlan", "l2", ["bridge", "private", "vepa", "passthru", "source"]],
    ["macvlan", "", ["bridge", "private", "vepa", "passthru", "source"]],
    ["macvlan", "Bridge", ["bridge", "private", "vepa", "passthru", "source"]],
    ["ipvlan", "bridge", ["l2", "l3", "l3s"]],
    ["ipvlan", "l7", ["l2", "l3", "l3s"]],
  ] as const)("refuses %s %p and lists the modes that there are", (driver, mode, modes) => {
    const problem = refused(parseDriver(driver, mode));
    expect(problem.code).toBe("LF-MODE-UNKNOWN");
    expect(problem.facts).toEqual({ driver, mode, modes: [...modes] });
    expect(problem.remedy).toContain(modes.join(", "));
  });

  test.each([["bridge"], [""], ["MACVLAN"], ["macvtap"], ["toString"], ["__proto__"]])(
    "refuses driver %p",
    (driver) => {
      const problem = refused(parseDriver(driver, "bridge"));
      expect(problem.code).toBe("LF-DRIVER-UNKNOWN");
      expect(problem.facts).toEqual({ driver });
    },
  );
});
