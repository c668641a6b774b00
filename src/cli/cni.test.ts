import { describe, expect, test } from "bun:test";
import type { RunReport, RunRequest } from "../cnirun/index.ts";
import { runCli } from "./run-cli.ts";
import { addedByCni, FakePorts } from "./testing.ts";

async function run(words: readonly string[], cniReport: RunReport = addedByCni) {
  const ports = new FakePorts({ cniReport });
  const exitCode: number = await runCli(["cni", "run", ...words], ports);
  const [call] = ports.calls as ["cni", RunRequest][];
  return { exitCode, request: call?.[1], out: ports.out, errors: ports.errors };
}

const defaults = {
  network: "pods",
  confDirectory: "/etc/cni/net.d",
  pluginDirectories: ["/opt/cni/bin", "/usr/lib/cni"],
  cacheDirectory: "/var/lib/cni",
};

describe("what is asked", () => {
  test("add has the defaults of other runtimes", async () => {
    const { request } = await run(["add", "pods", "--netns", "web", "--container-id", "c1"]);
    const attachment = { containerId: "c1", ifname: "eth0", netns: "/run/netns/web", args: [] };
    const told = { ...attachment, capabilityArgs: {} };
    expect(request as unknown).toEqual({ ...defaults, operation: "add", attachment: told });
  });

  test("everything can be said", async () => {
    const where = ["--conf-dir", "/c", "--plugin-dir", "/p", "--plugin-dir", "/q"];
    const what = ["--ifname", "net1", "--arg", "IP=10.0.0.7", "--arg", "MAC=x"];
    const more = ["--cache-dir", "/r", "--cap-arg", '{"mac": "m"}', "--netns", "/n/s"];
    const words = ["check", "pods", "--container-id", "c1", ...where, ...what, ...more];
    expect((await run(words)).request as unknown).toEqual({
      ...{ network: "pods", confDirectory: "/c", pluginDirectories: ["/p", "/q"] },
      ...{ cacheDirectory: "/r", operation: "check" },
      attachment: {
        ...{ containerId: "c1", ifname: "net1", netns: "/n/s", capabilityArgs: { mac: "m" } },
        args: [
          ["IP", "10.0.0.7"],
          ["MAC", "x"],
        ],
      },
    });
  });

  test("del leaves out what was not said, and may have a namespace that is gone", async () => {
    const name = { containerId: "c1", ifname: "eth0" };
    const words = ["del", "pods", "--container-id", "c1"];
    const asked = async (...more: readonly string[]): Promise<unknown> =>
      (await run([...words, ...more])).request;
    expect(await asked()).toEqual({ ...defaults, operation: "del", attachment: name });
    const gone = { ...name, netns: "" };
    expect(await asked("--netns", "")).toEqual({ ...defaults, operation: "del", attachment: gone });
  });

  test("gc takes nothing away unless it was said what stays", async () => {
    const keepOf = async (...more: readonly string[]): Promise<unknown> => {
      const { exitCode, request } = await run(["gc", "pods", ...more]);
      return request?.operation === "gc" ? request.keep : exitCode;
    };
    const web = { containerId: "web", ifname: "eth0" };
    expect(await keepOf()).toBe(2);
    expect(await keepOf("--keep-none", "--keep-living")).toBe(2);
    expect(await keepOf("--keep", "web/eth0", "--keep-none")).toBe(2);
    expect(await keepOf("--keep-none")).toEqual({ kind: "these", attachments: [] });
    expect(await keepOf("--keep-living")).toEqual({ kind: "living" });
    expect(await keepOf("--keep", "web/eth0")).toEqual({ kind: "these", attachments: [web] });
    for (const wrong of ["web", "web/eth0/x", "web/", "/eth0", "web/eth 0"])
      expect(await keepOf("--keep", wrong)).toBe(2);
  });

  test.each([
    [["add", "pods", "--container-id", "c1"]],
    [["add", "pods", "--netns", "web"]],
    [["add", "pods", "--netns", "", "--container-id", "c1"]],
    [["add", "-pods", "--netns", "web", "--container-id", "c1"]],
    [["add", "pods", "--netns", "web", "--container-id", "c/1"]],
    [["add", "pods", "--netns", "web", "--container-id", "c1", "--arg", "IP"]],
    [["add", "pods", "--netns", "web", "--container-id", "c1", "--cap-arg", "[]"]],
    [["add", "pods", "--netns", "web", "--container-id", "c1", "--ifname", "a/b"]],
    [["list"]],
    [[]],
  ])("%j is refused", async (words) => {
    const { exitCode, errors } = await run(words);
    expect([exitCode, errors !== ""]).toEqual([2, true]);
  });
});

describe("what is told", () => {
  const words = ["add", "pods", "--netns", "web", "--container-id", "web"];

  test("people read what the link got, scripts the result itself", async () => {
    const { out } = await run(words);
    expect(out).toMatch(/^attachment +web\/eth0$/m);
    expect(out).toMatch(/^mac +02:00:00:00:00:07$/m);
    expect(out).toMatch(/^addresses +10\.0\.0\.7\/24$/m);
    expect(out).toMatch(/^routes +0\.0\.0\.0\/0 via 10\.0\.0\.1$/m);
    const json = JSON.parse((await run([...words, "--format", "json"])).out);
    expect(json).toEqual({ schemaVersion: 1, cni: { ...addedByCni } });
    expect((await run([...words, "-q"])).out).toBe("web/eth0\n");
  });

  test("results of the oldest versions have no lists", async () => {
    const result = { cniVersion: "0.2.0", ip4: { ip: "10.0.0.7/24" }, ip6: { ip: "fd00::7/64" } };
    const { out } = await run(words, { ...addedByCni, result } as RunReport);
    expect(out).toMatch(/^addresses +10\.0\.0\.7\/24, fd00::7\/64$/m);
    expect(out).toMatch(/^mac +-$/m);
    const odd = { ...addedByCni, result: { ips: [null, 3, {}], routes: [[]], interfaces: 1 } };
    expect((await run(words, odd as RunReport)).out).toMatch(/^addresses +-$/m);
  });

  const web = { containerId: "web", ifname: "eth0" };
  test.each([
    [{ event: "deleted", ...web }, "web/eth0\n"],
    [{ event: "checked", ...web }, "web/eth0 is as it was made\n"],
    [{ event: "checked", ...web, skipped: "why" }, "web/eth0 was not checked: why\n"],
    [{ event: "ready" }, "pods is ready\n"],
    [{ event: "ready", skipped: "why" }, "pods was not asked: why\n"],
    [{ event: "collected", removed: [web], kept: [] }, "removed  web/eth0\n"],
    [
      { event: "versions", cniVersion: "1.0.0", plugins: [{ type: "a", supported: ["1.0.0"] }] },
      "configuration  1.0.0\na              1.0.0\n",
    ],
  ])("%j", async (report, text) => {
    const { out, exitCode } = await run(words, { network: "pods", ...report } as never);
    expect([out, exitCode]).toEqual([text, 0]);
  });
});
