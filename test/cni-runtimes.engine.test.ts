import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { REFERENCE_PLUGINS } from "./support/cni/cni-machine.ts";
import { NETWORK, openPodRuntime, type Pod, runtimeKinds } from "./support/cni/pods.ts";
import { pings, seenLinks } from "./support/lan.ts";

// A runtime and its pods, on a machine that may be busy.
setDefaultTimeout(180_000);

/** Which plugins the runtimes find; Debian's are the control. */
const plugins = process.env.CNI_PLUGINS ?? REFERENCE_PLUGINS;

/** The version that every runtime here understands (containerd 1.6 and podman 4.3 end at 1.0.0). */
const conf = {
  cniVersion: "1.0.0",
  name: NETWORK,
  plugins: [
    {
      type: "macvlan",
      master: "p0",
      mode: "bridge",
      ipam: {
        type: "host-local",
        ranges: [[{ subnet: "10.0.0.0/24", rangeStart: "10.0.0.100", gateway: "10.0.0.1" }]],
        routes: [{ dst: "0.0.0.0/0" }],
      },
    },
  ],
};

interface SeenPod {
  readonly kind: string | undefined;
  readonly addresses: readonly string[];
  readonly gateway: string | undefined;
}

/** What `ip -j` shows of eth0 in the pod. */
async function look({ inside }: Pod): Promise<SeenPod> {
  const told = async (...args: readonly string[]) => {
    const { status, stdout, stderr } = await inside("ip", "-j", "-d", ...args);
    if (status !== 0) throw new Error(stderr);
    return JSON.parse(stdout);
  };
  const [link] = await told("address", "show", "dev", "eth0");
  const [route] = await told("-4", "route", "show", "default");
  const rows: readonly { family: string; local: string; prefixlen: number }[] = link.addr_info;
  return {
    kind: link.linkinfo?.info_kind,
    addresses: rows.flatMap((it) => (it.family === "inet" ? [`${it.local}/${it.prefixlen}`] : [])),
    gateway: route?.gateway,
  };
}

async function reaches({ inside }: Pod, address: string): Promise<boolean> {
  return (await inside("ping", "-n", "-c", "3", "-W", "2", address)).status === 0;
}

describe.each(runtimeKinds)("%s", (kind) => {
  test("pods are on the LAN, reach each other, and leave nothing behind", async () => {
    await using runtime = await openPodRuntime(kind, plugins, conf);
    const { machine } = runtime;
    const leases = (): readonly string[] =>
      machine.stateFiles(`cni/networks/${NETWORK}`).filter((name) => /^\d+\./.test(name));
    const [web, db] = [await runtime.start("web"), await runtime.start("db")];
    const seen = { kind: "macvlan", gateway: "10.0.0.1" };
    expect(await look(web)).toEqual({ ...seen, addresses: ["10.0.0.100/24"] });
    expect(await look(db)).toEqual({ ...seen, addresses: ["10.0.0.101/24"] });
    expect(leases()).toEqual(["10.0.0.100", "10.0.0.101"]);
    expect(await reaches(web, "10.0.0.101")).toBe(true);
    expect(await reaches(web, "10.0.0.1")).toBe(true);
    expect(pings(machine.lan.machine, "10.0.0.100")).toBe("reachable");
    expect(machine.stateFiles("cni/results").filter((it) => it.startsWith(NETWORK))).toHaveLength(
      2,
    );

    await web.remove();
    expect(leases()).toEqual(["10.0.0.101"]);
    expect(await reaches(db, "10.0.0.1")).toBe(true);
    await db.remove();
    expect([leases(), machine.stateFiles("cni/results")]).toEqual([[], []]);
    expect(seenLinks(machine.lan.host).map(({ ifname }) => ifname)).toEqual(["p0"]);
  });
});
