import { expect, test } from "bun:test";
import type { IfName } from "../../domain/index.ts";
import { parsePluginConfig } from "../conf/parse-plugin.ts";
import { accepted, attachmentCall } from "../spec/testing.ts";
import { specOf } from "./network-of.ts";

const p0 = "p0" as IfName;
const q0 = "q0" as IfName;

test("one configuration is another network on another link, or by another name", () => {
  const config = accepted(parsePluginConfig("macvlan", attachmentCall({ type: "macvlan" }, {})));
  if (config.kind === "landfall") throw new Error("it is macvlan's");
  const spec = specOf("lan", config, p0);
  expect(spec).toMatchObject({ name: "cni-lan", parent: "p0", origin: { name: "lan" } });
  expect(specOf("lan", config, p0)).toBe(spec);
  const moved = specOf("lan", config, q0);
  expect(moved).toMatchObject({ name: "cni-lan", parent: "q0" });
  expect(moved.origin).not.toEqual(spec.origin);
  expect(specOf("lab", config, q0)).toMatchObject({ name: "cni-lab", parent: "q0" });
  expect(specOf("lan", config, p0)).toEqual(spec);
});
