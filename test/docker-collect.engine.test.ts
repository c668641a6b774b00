/** What Docker's engine lost without a word is collected, and what it has is left alone. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { engineKinds } from "./support/docker-engine.ts";
import { type DockerSite, openDockerSite, type ServedDocker } from "./support/docker-site.ts";
import { inside, pings } from "./support/lan.ts";

/** The first engine of the next release on a machine is made first, which takes most of a minute. */
const PATIENCE_MS = 180_000;
const GRACE_MS = 1000;
const LOST = "d7be82316f0a6153126eb3620ee5004c498c9b9ed61af0d20b2892e60b9f8d9e";

describe.each(engineKinds)("with the engine %s", (kind) => {
  let site: DockerSite;
  let daemon: ServedDocker;

  beforeAll(async () => {
    site = await openDockerSite(kind);
    daemon = await site.serveWithGrace(GRACE_MS);
  }, PATIENCE_MS);
  afterAll(() => site[Symbol.asyncDispose](), PATIENCE_MS);

  /** The links on the host that wait for a runtime. */
  const waiting = (): readonly string[] =>
    inside(site.engine.lan.host, "ip", "-o", "link")
      .split("\n")
      .filter((line) => / lf/.test(line));

  async function addresses(): Promise<readonly (string | undefined)[]> {
    const rows = await site.list("endpoint", "endpoints");
    return rows.flatMap((row) => row.addresses ?? []).sort();
  }

  async function idAt(address: string): Promise<string> {
    const rows = await site.list("endpoint", "endpoints");
    return rows.find((row) => row.addresses?.includes(address))?.id ?? `nobody at ${address}`;
  }

  /** A dockerd that dies before it wrote down what it asked for. */
  async function loseOne(network: string): Promise<void> {
    const body = {
      ...{ NetworkID: network, EndpointID: LOST, Options: {} },
      Interface: { Address: "10.0.0.151/24", MacAddress: "02:00:00:00:00:51" },
    };
    const options = {
      ...{ unix: site.engine.pluginSocket("landfall"), method: "POST" },
      body: JSON.stringify(body),
    };
    const answer = await fetch("http://plugin/NetworkDriver.CreateEndpoint", options);
    expect(await answer.json()).toEqual({ Interface: {} });
  }

  async function until(what: () => Promise<boolean>): Promise<void> {
    for (let look = 0; look < 200 && !(await what()); look++) await Bun.sleep(50);
  }

  test(
    "a link that waits for nobody goes after the grace, a running container's never",
    async () => {
      const { engine } = site;
      const words = ["--driver=landfall", "--ipam-driver=landfall", "--opt=parent=p0"];
      const network = await engine.docker(
        ...["network", "create", ...words, "--subnet=10.0.0.0/24", "lan"],
      );
      await engine.docker(
        ...["run", "--detach", "--name=web", "--network=lan", "--ip=10.0.0.150", "busybox"],
      );
      await loseOne(network);
      const both = ["10.0.0.150/24", "10.0.0.151/24"];
      const lost = await idAt("10.0.0.151/24");
      expect([await addresses(), waiting().length]).toEqual([both, 1]);

      // Without an engine nobody knows, so nothing is done.
      await engine.killEngine();
      await Bun.sleep(2 * GRACE_MS);
      expect([await addresses(), waiting().length]).toEqual([both, 1]);
      // The web container dies with its engine, and its next life has the same address.
      await engine.startEngine();
      await engine.docker("start", "web");
      await until(async () => waiting().length === 0);
      expect([await addresses(), waiting()]).toEqual([["10.0.0.150/24"], []]);

      // Old enough by now, and it stays.
      await Bun.sleep(2 * GRACE_MS);
      expect(await addresses()).toEqual(["10.0.0.150/24"]);
      const running = await idAt("10.0.0.150/24");
      expect(pings(engine.lan.machine, "10.0.0.150")).toBe("reachable");
      await engine.docker(
        "run",
        "-d",
        "--name=next",
        "--network=lan",
        "--ip=10.0.0.151",
        "busybox",
      );
      expect(pings(engine.lan.machine, "10.0.0.151")).toBe("reachable");
      await engine.docker("rm", "--force", "web", "next");
      await engine.docker("network", "rm", "lan");
      const { exitCode, stderr } = await daemon.end("TERM");
      const times = (id: string): number => stderr.split(`Collected ${id} `).length - 1;
      // What web had before its engine was killed may be among the collected, if that took long.
      expect([exitCode, times(lost), times(running)]).toEqual([0, 1, 0]);
    },
    PATIENCE_MS,
  );
});
