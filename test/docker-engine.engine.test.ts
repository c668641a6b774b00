/** The engines that other tests use, and that nothing of them outlives a test. */
import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { ownBridge } from "../src/dockerd/index.ts";
import { type DockerEngine, engineKinds, openDockerEngine } from "./support/docker-engine.ts";
import { dockerLeftovers } from "./support/docker-leftovers.ts";
import { inside, pings } from "./support/lan.ts";

/** The first engine of the next release on a machine is made first, which takes most of a minute. */
const patience = 180_000;

/** The PID namespace in which a command behind these words runs. */
function processNamespace(engine: DockerEngine): string {
  const { stdout } = Bun.spawnSync([...engine.enter, "readlink", "/proc/self/ns/pid"]);
  return stdout.toString().trim();
}

/** The command lines of the processes in a PID namespace. */
function livingIn(namespace: string): readonly string[] {
  return readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      if (readlinkSync(`/proc/${pid}/ns/pid`) !== namespace) return [];
      return [readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ").trim()];
    } catch {
      // It ended while it was looked at.
      return [];
    }
  });
}

const onTheLan = ["--driver=macvlan", "--opt=parent=p0", "--subnet=10.0.0.0/24"];

describe.each(engineKinds)("the engine %s", (kind) => {
  test(
    "puts a container on the LAN, is started anew, killed, and leaves nothing",
    async () => {
      let namespace = "";
      {
        await using engine = await openDockerEngine(kind, { "live-restore": true });
        namespace = processNamespace(engine);
        await engine.docker("network", "create", ...onTheLan, "lan");
        const ip = "--ip=10.0.0.130";
        await engine.docker("run", "--detach", "--name=web", "--network=lan", ip, "busybox");
        // The image has no more; on the machine's file system there would be.
        expect(await engine.docker("exec", "web", "ls", "/")).toBe("bin\ndev\netc\nproc\nsys");
        expect(dockerLeftovers(process.pid)).not.toEqual([]);
        expect(pings(engine.lan.machine, "10.0.0.130")).toBe("reachable");

        await engine.stopEngine();
        expect((await engine.run("ps")).status).not.toBe(0);
        await engine.startEngine();
        await engine.killEngine();
        expect(pings(engine.lan.machine, "10.0.0.130")).toBe("reachable");
        await engine.startEngine();
        const { body } = await engine.api("/containers/json");
        expect(body).toMatchObject([{ Image: "busybox", State: "running" }]);
        expect(livingIn(namespace).join("\n")).toContain("containerd");
        expect(existsSync(join(engine.pluginSocket("any"), ".."))).toBeTrue();
      }
      expect(livingIn(namespace)).toEqual([]);
      expect(dockerLeftovers(process.pid)).toEqual([]);
    },
    patience,
  );

  test(
    "with a bridge of its own connects a container to its host",
    async () => {
      await using engine = await openDockerEngine(kind, ownBridge);
      const container = await engine.docker("run", "--detach", "--publish=8080:80", "busybox");
      const { body } = await engine.api(`/containers/${container}/json`);
      const { NetworkSettings } = body as { NetworkSettings: { Networks: Networks } };
      expect(pings(engine.lan.host, NetworkSettings.Networks.bridge?.IPAddress ?? "")).toBe(
        "reachable",
      );
      expect(inside(engine.lan.host, "iptables", "-t", "nat", "-S")).toContain("--dport 8080");
    },
    patience,
  );

  test(
    "that does not start says why, and leaves nothing",
    async () => {
      const refused = openDockerEngine(kind, { nonsense: true });
      expect(refused).rejects.toThrow(/LF-DOCKERD-FAILED.*ended:.*nonsense/);
      await refused.catch(() => undefined);
      expect(dockerLeftovers(process.pid)).toEqual([]);
    },
    patience,
  );
});

type Networks = Readonly<Record<string, { readonly IPAddress: string }>>;
