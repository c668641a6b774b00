/** What Moby's own tests of its macvlan driver ask of a driver, asked of Landfall. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { engineKinds } from "./support/docker-engine.ts";
import { type DockerSite, openDockerSite, type ServedDocker } from "./support/docker-site.ts";
import { inside, pings, seenLinks } from "./support/lan.ts";
import { openNameServer } from "./support/open-name-server.ts";

/** The first engine of the next release on a machine is made first, which takes most of a minute. */
const PATIENCE_MS = 180_000;
const ours = ["--driver=landfall", "--ipam-driver=landfall"];
const onTheLan = [...ours, "--opt=parent=p0"];

describe.each(engineKinds)("with the engine %s", (kind) => {
  let site: DockerSite;
  let daemon: ServedDocker;

  beforeAll(async () => {
    site = await openDockerSite(kind);
    daemon = await site.serve();
  }, PATIENCE_MS);
  afterAll(() => site[Symbol.asyncDispose](), PATIENCE_MS);
  // What a test that failed left would fail the others too.
  afterEach(async () => {
    const containers = (await docker("ps", "--all", "--quiet")).split("\n").filter(Boolean);
    if (containers.length > 0) await docker("rm", "--force", ...containers);
    await docker("network", "prune", "--force");
    expect(await site.ask("/v1/endpoints")).toMatchObject({ endpoints: [] });
    expect(await site.ask("/v1/networks")).toMatchObject({ networks: [] });
    // Whatever was done on it, the parent stays.
    expect(seenLinks(site.engine.lan.host).map(({ ifname }) => ifname)).toEqual(["p0"]);
  }, PATIENCE_MS);

  const docker = (...args: readonly string[]): Promise<string> => site.engine.docker(...args);
  const create = (...args: readonly string[]) => docker("network", "create", ...args);
  const run = (name: string, ...args: readonly string[]): Promise<string> =>
    docker("run", "--detach", `--name=${name}`, ...args, "busybox");
  const exec = (name: string, ...command: readonly string[]) => docker("exec", name, ...command);
  const ping = (name: string, to: string) => exec(name, "ping", "-c1", "-W2", to);

  /** The words with which Docker refuses. */
  async function refusal(...args: readonly string[]): Promise<string> {
    const { status, stderr } = await site.engine.run(...args);
    return status === 0 ? "not refused" : stderr;
  }

  /** The default routes of IPv4 and IPv6, as the container's own `ip` shows them. */
  async function defaultRoutes(name: string): Promise<readonly string[]> {
    const routes = await exec(name, "sh", "-c", "ip route; ip -6 route");
    return [...routes.matchAll(/^default via (\S+)/gm)].map(([, via = ""]) => via);
  }

  async function attachment(name: string, network: string) {
    const [seen] = JSON.parse(await docker("inspect", name));
    return seen.NetworkSettings.Networks[network];
  }

  test(
    "two networks with ranges of one subnet share a parent, and no address",
    async () => {
      const subnet = "--subnet=10.0.0.0/24";
      await create(...onTheLan, subnet, "--ip-range=10.0.0.64/30", "one");
      await create(...onTheLan, subnet, "--ip-range=10.0.0.68/30", "two");
      await Promise.all([run("web1", "--network=one"), run("web2", "--network=two")]);
      await run("web3", "--network=one", "--ip=10.0.0.130");
      const taken = ["run", "--detach", "--name=web4", "--network=two", "--ip=10.0.0.130"];
      expect(await refusal(...taken, "busybox")).toContain("10.0.0.130");
      const { IPAddress } = await attachment("web2", "two");
      expect(IPAddress).toMatch(/^10\.0\.0\.(68|69|70|71)$/);
      await ping("web1", IPAddress);
      await docker("rm", "--force", "web1", "web3");
      await docker("network", "rm", "one");
      expect(pings(site.engine.lan.machine, IPAddress)).toBe("reachable");
    },
    PATIENCE_MS,
  );

  test(
    "passthru shares its parent with nobody, whichever comes first",
    async () => {
      const whole = [...onTheLan, "--opt=macvlan_mode=passthru", "--subnet=10.0.0.0/24"];
      const both = /cannot both be on p0, for one of them is passthru/;
      await create(...onTheLan, "--subnet=10.0.0.0/24", "plain");
      expect(await refusal("network", "create", ...whole, "whole")).toMatch(both);
      await docker("network", "rm", "plain");
      await create(...whole, "whole");
      const plain = ["network", "create", ...onTheLan, "--subnet=10.0.0.0/24", "plain"];
      expect(await refusal(...plain)).toMatch(both);
      await run("web1", "--network=whole", "--ip=10.0.0.131");
      const second = ["run", "--detach", "--name=web2", "--network=whole", "busybox"];
      expect(await refusal(...second)).toMatch(both);
      expect(pings(site.engine.lan.machine, "10.0.0.131")).toBe("reachable");
    },
    PATIENCE_MS,
  );

  test(
    "networks and what is always to run outlive the engine and the daemon",
    async () => {
      const { engine } = site;
      await create(...ours, "--opt=parent=p9", "--subnet=10.9.0.0/24", "away");
      await create(...onTheLan, "--subnet=10.0.0.0/24", "lan");
      await run("web", "--restart=always", "--network=lan", "--ip=10.0.0.132");
      const late = ["run", "--detach", "--name=late", "--network=away", "busybox"];
      expect(await refusal(...late)).toMatch(/No endpoint .* until there is a link "p9"/);
      await engine.stopEngine();
      expect(await daemon.end("TERM")).toMatchObject({ exitCode: 0 });
      daemon = await site.serve();
      await engine.startEngine();
      const kept = await docker("network", "ls", "--filter=driver=landfall", "--format={{.Name}}");
      expect(kept.split("\n").sort()).toEqual(["away", "lan"]);
      expect(pings(engine.lan.machine, "10.0.0.132")).toBe("reachable");
      inside(engine.lan.host, "ip", "link", "add", "p9", "type", "veth");
      inside(engine.lan.host, "ip", "link", "set", "dev", "p9", "up");
      await docker("start", "late");
      expect(await exec("late", "ip", "addr", "show", "eth0")).toContain("inet 10.9.0.");
      await docker("rm", "--force", "late");
      inside(engine.lan.host, "ip", "link", "del", "p9");
    },
    PATIENCE_MS,
  );

  describe.each([
    ["on a parent", onTheLan, ["10.5.0.254", "fd05::254"]],
    ["without a parent", ours, []],
  ] as const)("%s", (_where, words, gateways) => {
    test(
      "a network has two subnets of each version, each with its own gateway",
      async () => {
        const four = ["--subnet=10.0.0.0/24", "--subnet=10.5.0.0/24", "--gateway=10.5.0.254"];
        const six = ["--ipv6", "--subnet=fd00::/64", "--subnet=fd05::/64", "--gateway=fd05::254"];
        await create(...words, ...four, ...six, "many");
        const wishes = ["0.0.70", "0.0.71", "5.0.70", "5.0.71"];
        await Promise.all(
          wishes.map((wish, index) => {
            const second = `--ip6=fd0${wish[0]}::${wish.slice(4)}`;
            return run(`web${index}`, "--network=many", `--ip=10.${wish}`, second);
          }),
        );
        await Promise.all([ping("web0", "10.0.0.71"), ping("web0", "fd00::71")]);
        await Promise.all([ping("web2", "10.5.0.71"), ping("web2", "fd05::71")]);
        expect(await defaultRoutes("web2")).toEqual([...gateways]);
        const { Gateway, IPv6Gateway } = await attachment("web2", "many");
        expect([Gateway, IPv6Gateway].filter(Boolean)).toEqual([...gateways]);
        const off = "/proc/sys/net/ipv6/conf/eth0/disable_ipv6";
        expect(await exec("web0", "cat", off)).toBe("0");
        expect(await exec("web0", "ip", "addr", "show", "lo")).toMatch(/127\.0\.0\.1[\s\S]*::1/);
      },
      PATIENCE_MS,
    );
  });

  test(
    "names of containers resolve everywhere, and those outside where the LAN's server can be asked",
    async () => {
      const outside = { name: "outside.example", address: "192.0.2.80" };
      await using _server = await openNameServer(site.engine.lan, "10.0.0.1", outside);
      const gateway = "--gateway=10.0.0.1";
      await create(...onTheLan, "--subnet=10.0.0.0/24", gateway, "lan");
      await create(...onTheLan, "--subnet=10.0.0.0/24", "--internal", "inner");
      await create(...ours, "--subnet=10.7.0.0/24", "quiet");
      const networks = ["lan", "inner", "quiet"];
      const peers = networks.flatMap((network) => [`${network}1`, `${network}2`]);
      await Promise.all(peers.map((name) => run(name, `--network=${name.slice(0, -1)}`)));
      for (const network of networks) await ping(`${network}1`, `${network}2`);
      const lookup = ["nslookup", "-type=a", "-timeout=1", "-retry=1", outside.name];
      expect(await exec("lan1", ...lookup)).toContain(outside.address);
      // Internal means without a default route; the server is on the same LAN.
      expect(await exec("inner1", ...lookup)).toContain(outside.address);
      const { stdout } = await site.engine.run("exec", "quiet1", ...lookup);
      expect(stdout).toMatch(/SERVFAIL|no servers could be reached/);
      for (const network of ["inner", "quiet"]) {
        const far = await site.engine.run("exec", `${network}1`, "ping", "-c1", "8.8.8.8");
        expect(far.stderr).toContain("Network is unreachable");
      }
    },
    PATIENCE_MS,
  );

  test(
    "a subnet of two addresses joins two containers",
    async () => {
      await create(...ours, "--subnet=10.6.0.0/31", "pair");
      await run("web1", "--network=pair");
      const second = await site.engine.run("run", "-d", "--name=web2", "--network=pair", "busybox");
      // 20.10 reserves one for a gateway, whatever the driver says.
      if (kind === "debian") expect(second.stderr).toContain("no free address in 10.6.0.0/31");
      else await ping("web1", "web2");
      const third = ["run", "--detach", "--name=web3", "--network=pair", "busybox"];
      expect(await refusal(...third)).toContain("no free address in 10.6.0.0/31");
    },
    PATIENCE_MS,
  );

  test(
    "a parent that is down, with IPv6, keeps no container from starting",
    async () => {
      const { host, machine } = site.engine.lan;
      const six = ["--ipv6", "--subnet=fd00::/64"];
      inside(host, "ip", "link", "set", "dev", "p0", "down");
      await create(...onTheLan, "--subnet=10.0.0.0/24", ...six, "lan");
      await run("web", "--network=lan", "--ip=10.0.0.133");
      inside(host, "ip", "link", "set", "dev", "p0", "up");
      expect(pings(machine, "10.0.0.133")).toBe("reachable");
      // It went with the link, and other tests may want it.
      inside(host, "ip", "addr", "add", "fd00::10/64", "dev", "p0", "nodad");
    },
    PATIENCE_MS,
  );

  test(
    "a network takes its settings from a network that is only settings, and is attachable",
    async () => {
      const settings = ["--ipam-driver=landfall", "--opt=parent=p0"];
      await create("--config-only", ...settings, "--subnet=10.0.0.0/24", "settings");
      await create("--driver=landfall", "--config-from=settings", "--attachable", "lan");
      await run("web", "--network=lan", "--ip=10.0.0.134");
      expect(pings(site.engine.lan.machine, "10.0.0.134")).toBe("reachable");
      await docker("rm", "--force", "web");
      await docker("network", "rm", "lan", "settings");
    },
    PATIENCE_MS,
  );

  test(
    "Docker calls the link eth0 whatever name was wished for, and gives it no IPv6 without a subnet",
    async () => {
      await create(...onTheLan, "--subnet=10.0.0.0/24", "lan");
      const option = "driver-opt=com.docker.network.endpoint.ifname=foobar";
      await run("web", `--network=name=lan,${option}`);
      const shown = await exec("web", "ip", "addr", "show", "eth0");
      expect([shown.includes("eth0@"), shown.includes("inet6")]).toEqual([true, false]);
      expect(await exec("web", "cat", "/proc/sys/net/ipv6/conf/eth0/disable_ipv6")).toBe("1");
      expect(await site.ask("/v1/status")).toMatchObject({ findings: [] });
    },
    PATIENCE_MS,
  );

  const withoutGateway = [
    ["a subnet", ["--subnet=10.0.0.0/24"], "10.0.0.1", "10.0.0.1"],
    ["a range", ["--subnet=10.0.0.0/24", "--ip-range=10.0.0.128/28"], "10.0.0.128", "10.0.0.1"],
  ] as const;

  test.each(withoutGateway)(
    "the gateway of %s without one, with Docker's own driver and with ours",
    async (_what, words, dockers, landfalls) => {
      for (const [driver, gateway] of [
        [["--driver=macvlan", "--opt=parent=p0"], dockers],
        // 28.5 asks whether a gateway is needed, and it is not.
        [onTheLan, kind === "debian" ? landfalls : ""],
      ] as const) {
        await create(...driver, ...words, "lan");
        await run("web", "--network=lan");
        expect(await defaultRoutes("web")).toEqual([gateway].filter(Boolean));
        await docker("rm", "--force", "web");
        await docker("network", "rm", "lan");
      }
    },
    PATIENCE_MS,
  );
});

describe.each(engineKinds)("with the engine %s and live-restore", (kind) => {
  test(
    "a container that outlives its engine keeps its network, and what ended meanwhile is cleaned up",
    async () => {
      await using site = await openDockerSite(kind, { "live-restore": true });
      await site.serve();
      const { engine } = site;
      const run = (name: string, ip: string) =>
        engine.docker("run", "-d", `--name=${name}`, "--network=lan", `--ip=${ip}`, "busybox");
      await engine.docker("network", "create", ...onTheLan, "--subnet=10.0.0.0/24", "lan");
      await Promise.all([run("web", "10.0.0.140"), run("gone", "10.0.0.141")]);
      const pid = await engine.docker("inspect", "--format={{.State.Pid}}", "gone");
      const addresses = async () =>
        (await site.list("endpoint", "endpoints")).flatMap((row) => row.addresses ?? []).sort();
      for (const end of [engine.stopEngine, engine.killEngine]) {
        await end();
        expect(pings(engine.lan.machine, "10.0.0.140")).toBe("reachable");
        await engine.inside("sh", "-c", `kill -s KILL ${pid}`);
        await engine.startEngine();
        for (let look = 0; look < 100 && (await addresses()).length > 1; look++)
          await Bun.sleep(50);
        expect(await addresses()).toEqual(["10.0.0.140/24"]);
      }
      expect(pings(engine.lan.machine, "10.0.0.140")).toBe("reachable");
      await engine.docker("stop", "--time=0", "web");
      expect(await addresses()).toEqual([]);
      await engine.docker("rm", "web", "gone");
      await engine.docker("network", "rm", "lan");
      expect(seenLinks(engine.lan.host).map(({ ifname }) => ifname)).toEqual(["p0"]);
    },
    PATIENCE_MS,
  );
});
