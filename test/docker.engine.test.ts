/**
 * Landfall as Docker's network driver, on real engines of both kinds. S21, S22 and S43 are labs:
 * lab-docker.engine.test.ts.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { engineKinds } from "./support/docker-engine.ts";
import { type DockerSite, openDockerSite, type ServedDocker } from "./support/docker-site.ts";
import { inside, pings } from "./support/lan.ts";

/** The first engine of the next release on a machine is made first, which takes most of a minute. */
const patience = 180_000;
const ours = ["--driver=landfall", "--ipam-driver=landfall"];
const onTheLan = [...ours, "--opt=parent=p0"];
const subnet = ["--subnet=10.0.0.0/24", "--gateway=10.0.0.1", "--ip-range=10.0.0.128/28"];

describe.each(engineKinds)("with the engine %s", (kind) => {
  let site: DockerSite;
  let daemon: ServedDocker;

  beforeAll(async () => {
    site = await openDockerSite(kind);
    daemon = await site.serve();
  }, patience);
  afterAll(() => site[Symbol.asyncDispose](), patience);
  // What a test that failed left would fail the others too.
  afterEach(async () => {
    const containers = (await docker("ps", "--all", "--quiet")).split("\n").filter(Boolean);
    if (containers.length > 0) await docker("rm", "--force", ...containers);
    await docker("network", "prune", "--force");
  }, patience);

  const docker = (...args: readonly string[]): Promise<string> => site.engine.docker(...args);
  const run = (...args: readonly string[]): Promise<string> =>
    docker("run", "--detach", ...args, "busybox");

  /** What the engine says of a container's link on a network. */
  async function attachment(container: string, network: string) {
    const [seen] = JSON.parse(await docker("inspect", container));
    return seen.NetworkSettings.Networks[network];
  }

  /** Nothing is left of this network's containers, nor of it. */
  async function expectNothing(): Promise<void> {
    expect(await site.list("endpoint", "endpoints")).toEqual([]);
    expect(await site.list("net", "networks")).toEqual([]);
    const links = inside(site.engine.lan.host, "ip", "-o", "link");
    expect(links.split("\n").filter((line) => / lf/.test(line))).toEqual([]);
  }

  test(
    "a restart keeps address and MAC, and a stopped container's address comes back at once",
    async () => {
      await docker("network", "create", ...onTheLan, ...subnet, "lan");
      await run("--name=web", "--network=lan", "--ip=10.0.0.131");
      const before = await attachment("web", "lan");
      await docker("restart", "--time=0", "web");
      const after = await attachment("web", "lan");
      expect([after.IPAddress, after.MacAddress]).toEqual([before.IPAddress, before.MacAddress]);
      await docker("stop", "--time=0", "web");
      expect(await site.list("endpoint", "endpoints")).toEqual([]);
      await docker("start", "web");
      expect(pings(site.engine.lan.machine, "10.0.0.131")).toBe("reachable");
      await docker("network", "disconnect", "lan", "web");
      expect(await site.list("endpoint", "endpoints")).toEqual([]);
      await docker("network", "connect", "--ip=10.0.0.132", "lan", "web");
      expect(pings(site.engine.lan.machine, "10.0.0.132")).toBe("reachable");
      await docker("rm", "--force", "web");
      await docker("network", "rm", "lan");
      await expectNothing();
    },
    patience,
  );

  test(
    "IPv6 beside IPv4, and a network of IPv6 ranges",
    async () => {
      const six = ["--ipv6", "--subnet=fd00::/64", "--gateway=fd00::1"];
      await docker("network", "create", ...onTheLan, ...subnet, ...six, "lan");
      await run("--name=web", "--network=lan", "--ip6=fd00::130");
      const { lan } = site.engine;
      expect(pings(lan.machine, "fd00::130")).toBe("reachable");
      const { IPAddress } = await attachment("web", "lan");
      expect(pings(lan.machine, IPAddress)).toBe("reachable");
      expect(await docker("exec", "web", "ip", "-6", "route")).toContain("default via fd00::1");
      await docker("rm", "--force", "web");
      await docker("network", "rm", "lan");
      await expectNothing();
    },
    patience,
  );

  test(
    "without a parent containers meet each other and nobody else",
    async () => {
      await docker("network", "create", ...ours, "--subnet=10.7.0.0/24", "quiet");
      await run("--name=web1", "--network=quiet", "--ip=10.7.0.10");
      await run("--name=web2", "--network=quiet", "--ip=10.7.0.11");
      await docker("exec", "web1", "ping", "-c1", "-W2", "10.7.0.11");
      await docker("exec", "web1", "ping", "-c1", "-W2", "web2");
      expect(await docker("exec", "web1", "ip", "route")).not.toContain("default");
      await docker("rm", "--force", "web1", "web2");
      await docker("network", "rm", "quiet");
      await expectNothing();
    },
    patience,
  );

  test(
    "with Docker's own address manager addresses are recorded, with none there are none",
    async () => {
      const driver = ["--driver=landfall", "--opt=parent=p0"];
      await docker("network", "create", ...driver, "--subnet=10.0.0.0/24", "own");
      await run("--name=web", "--network=own", "--ip=10.0.0.140");
      expect(pings(site.engine.lan.machine, "10.0.0.140")).toBe("reachable");
      const [lease] = await site.list("lease", "leases");
      expect([lease?.address, lease?.origin]).toEqual(["10.0.0.140", "requested"]);
      await docker("rm", "--force", "web");
      await docker("network", "rm", "own");
      await docker("network", "create", ...driver, "--ipam-driver=null", "bare");
      await run("--name=web", "--network=bare");
      expect(await docker("exec", "web", "ip", "link", "show", "eth0")).toContain("eth0@");
      await docker("rm", "--force", "web");
      await docker("network", "rm", "bare");
      await expectNothing();
    },
    patience,
  );

  const wrong: readonly (readonly [string, readonly string[], RegExp])[] = [
    ["an unknown option", [...ours, "--opt=parnet=p0", "--subnet=10.0.0.0/24"], /parnet.*parent/],
    ["an impossible VLAN", [...onTheLan, "--opt=vlan=4095", "--subnet=10.0.0.0/24"], /4095/],
    ["an unknown mode", [...onTheLan, "--opt=macvlan_mode=odd", "--subnet=10.0.0.0/24"], /odd/],
    ["a subnet that is elsewhere", [...onTheLan, "--subnet=10.0.0.0/25"], /10\.0\.0\.0\/25/],
  ];

  test(
    "mistakes are refused with the reason, and leave nothing",
    async () => {
      await docker("network", "create", ...onTheLan, ...subnet, "lan");
      for (const [what, words, reason] of wrong) {
        const made = await site.engine.run("network", "create", ...words, "odd");
        expect([what, made.status === 0, made.stderr]).toEqual([
          what,
          false,
          expect.stringMatching(reason),
        ]);
      }
      await run("--name=web1", "--network=lan", "--ip=10.0.0.134");
      const taken = await site.engine.run(
        "run",
        "-d",
        "--name=web2",
        "--network=lan",
        "--ip=10.0.0.134",
        "busybox",
      );
      expect(taken.stderr).toContain("10.0.0.134");
      await docker("rm", "--force", "web1", "web2");
      expect(await site.list("endpoint", "endpoints")).toEqual([]);
      await docker("network", "rm", "lan");
      await expectNothing();
    },
    patience,
  );

  test(
    "a daemon that is killed and started anew knows its networks and containers",
    async () => {
      await docker("network", "create", ...onTheLan, ...subnet, "lan");
      await run("--name=web", "--network=lan", "--ip=10.0.0.135");
      await daemon.end("KILL");
      expect(pings(site.engine.lan.machine, "10.0.0.135")).toBe("reachable");
      daemon = await site.serve();
      await run("--name=next", "--network=lan");
      await docker("stop", "--time=0", "web");
      expect(await site.list("endpoint", "endpoints")).toHaveLength(1);
      await docker("rm", "--force", "web", "next");
      await docker("network", "rm", "lan");
      await expectNothing();
    },
    patience,
  );

  test(
    "an engine that is killed leaves nothing behind when it is back",
    async () => {
      await docker("network", "create", ...onTheLan, ...subnet, "lan");
      await run("--name=web", "--network=lan", "--ip=10.0.0.136");
      await site.engine.killEngine();
      await site.engine.startEngine();
      await docker("rm", "--force", "web");
      for (let look = 0; look < 200; look++) {
        if ((await site.list("endpoint", "endpoints")).length === 0) break;
        await Bun.sleep(50);
      }
      await run("--name=web", "--network=lan", "--ip=10.0.0.136");
      expect(pings(site.engine.lan.machine, "10.0.0.136")).toBe("reachable");
      await site.engine.stopEngine();
      await site.engine.startEngine();
      await docker("start", "web");
      expect(pings(site.engine.lan.machine, "10.0.0.136")).toBe("reachable");
      await docker("rm", "--force", "web");
      await docker("network", "rm", "lan");
      await expectNothing();
    },
    patience,
  );
});
