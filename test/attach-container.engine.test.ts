/** S35: containers that run already are attached by name, on real Docker engines of both kinds. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { engineKinds } from "./support/docker-engine.ts";
import { type DockerSite, openDockerSite } from "./support/docker-site.ts";
import { inside, pings } from "./support/lan.ts";
import { problemOf } from "./support/program.ts";

/** The first engine of the next release on a machine is made first, which takes most of a minute. */
const patience = 180_000;

describe.each(engineKinds)("with the engine %s", (kind) => {
  let site: DockerSite;
  beforeAll(async () => {
    site = await openDockerSite(kind);
  }, patience);
  afterAll(() => site[Symbol.asyncDispose](), patience);

  test(
    "a container gets a link by its name or id, and has nothing of it when it is detached",
    async () => {
      const { docker, lan } = site.engine;
      const id = await docker("run", "--detach", "--name=web", "--network=none", "busybox");
      const links = (): Promise<string> => docker("exec", "web", "ip", "address");
      const before = await links();
      const net = ["--parent", "p0", "--subnet", "10.0.0.0/24"];
      expect((await site.landfall("net", "create", "lan", ...net)).exitCode).toBe(0);
      for (const name of ["web", id.slice(0, 12)]) {
        const given = ["--container", name, "--ifname", "lan0", "--ip", "10.0.0.140"];
        const attached = await site.landfall("attach", "lan", ...given);
        expect([attached.exitCode, attached.stderr]).toEqual([0, ""]);
        expect(pings(lan.machine, "10.0.0.140")).toBe("reachable");
        expect(await docker("exec", "web", "ip", "-4", "address", "show", "lan0")).toContain(
          "10.0.0.140/24",
        );
        const gone = await site.landfall("detach", "--container", name, "--ifname", "lan0");
        expect(gone.exitCode).toBe(0);
        expect(await links()).toBe(before);
      }
      expect(await site.list("endpoint", "endpoints")).toEqual([]);
      const host = inside(lan.host, "ip", "-o", "link");
      expect(host.split("\n").filter((line) => /: lf/.test(line))).toEqual([]);
    },
    patience,
  );

  test(
    "what does not run, or is not there, is told, and nothing is attached",
    async () => {
      await site.engine.docker("create", "--name=idle", "--network=none", "busybox");
      const refused = async (name: string) =>
        problemOf(await site.landfall("attach", "lan", "--container", name));
      expect(await refused("idle")).toMatchObject({ code: "LF-CONTAINER-NOT-RUNNING" });
      expect(await refused("idel")).toMatchObject({
        code: "LF-CONTAINER-MISSING",
        remedy: "Did you mean idle?",
      });
      expect(await site.list("endpoint", "endpoints")).toEqual([]);
    },
    patience,
  );
});
