import { expect, test } from "bun:test";
import { pluginOf } from "./plugin-of.ts";

const started = (argv0: string, args: readonly string[] = [], env = {}) =>
  pluginOf({ argv0, args, env });
const start = (...how: Parameters<typeof started>) => started(...how)?.name;

test("a plugin is known by the last part of argv[0]", () => {
  expect(start("macvlan")).toBe("macvlan");
  expect(start("/opt/cni/bin/host-local")).toBe("host-local");
  expect(start("./vlan", [], { CNI_COMMAND: "ADD" })).toBe("vlan");
  for (const other of ["bridge", "", "macvlan2", "/opt/macvlan/", "bun"]) {
    expect(start(other, [], { CNI_COMMAND: "ADD" })).toBeUndefined();
  }
});

test("landfall is a plugin only to runtimes", () => {
  expect(start("/usr/bin/landfall")).toBeUndefined();
  expect(start("/opt/cni/bin/landfall", [], { CNI_COMMAND: "VERSION" })).toBe("landfall");
});

test("arguments are a command line's", () => {
  expect(start("landfall", ["status"], { CNI_COMMAND: "ADD" })).toBeUndefined();
  expect(start("macvlan", ["--version"])).toBeUndefined();
});

test("the shim says which plugin it was", () => {
  expect(start("/bin/sh", ["cni-plugin", "ipvlan"])).toBe("ipvlan");
  expect(start("landfall", ["cni-plugin", "landfall"])).toBe("landfall");
  expect(start("macvlan", ["cni-plugin", "bridge"])).toBeUndefined();
  expect(start("macvlan", ["cni-plugin"])).toBeUndefined();
  expect(start("macvlan", ["cni-plugin-alone", "bridge"])).toBeUndefined();
});

test("the shim says whether it asked the daemon", () => {
  expect(started("vlan", ["cni-plugin", "vlan"])?.daemon).toBe("to ask");
  expect(started("vlan", ["cni-plugin-alone", "vlan"])).toEqual({ name: "vlan", daemon: "asked" });
  expect(started("vlan", [], { CNI_COMMAND: "ADD" })?.daemon).toBe("to ask");
});
