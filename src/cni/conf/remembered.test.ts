import { describe, expect, test } from "bun:test";
import { accepted, attachmentCall } from "../spec/testing.ts";
import { parsePluginConfig } from "./parse-plugin.ts";
import type { PluginConfig } from "./plugin.ts";

const of = (
  kind: PluginConfig["kind"],
  config: object,
  env: Readonly<Record<string, string>> = {},
): object => accepted(parsePluginConfig(kind, attachmentCall({ type: kind, ...config }, env)));

const hostLocal = { type: "host-local", subnet: "10.1.2.0/24" };

describe("what is remembered of a configuration", () => {
  const config = { ...{ master: "p0", ipam: hostLocal }, prevResult: { cniVersion: "1.0.0" } };

  test("is the same object for each container of a runtime", () => {
    const pods = ["a", "b"].map((name) => `IgnoreUnknown=1;K8S_POD_NAME=${name}`);
    const [first, second] = pods.map((CNI_ARGS) => of("macvlan", config, { CNI_ARGS }));
    expect(second).toBe(first);
  });

  test("is another where the plugin, the command or what is asked for differs", () => {
    const plain = of("macvlan", config);
    expect(of("ipvlan", config)).toMatchObject({ kind: "ipvlan" });
    expect(of("macvlan", config, { CNI_ARGS: "MAC=02:00:00:00:00:0b" })).toEqual({
      ...plain,
      mac: "02:00:00:00:00:0b",
    });
    expect(of("macvlan", config, { CNI_ARGS: "IP=10.1.2.9" })).toMatchObject({
      ipam: { requested: ["10.1.2.9"] },
    });
    expect(plain).toMatchObject({ ipam: { requested: [] } });
    expect(plain).not.toHaveProperty("previous");
    expect(of("macvlan", config, { CNI_COMMAND: "CHECK" })).toHaveProperty("previous");
    expect(of("macvlan", { ...config, mtu: 1400 })).toEqual({ ...plain, mtu: 1400 });
  });
});
