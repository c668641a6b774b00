import { expect } from "bun:test";
import { type Bench, OUTSIDE } from "./bench.ts";

/** One of Moby's own tests of its drivers, asked of Landfall. */
export interface Case {
  readonly name: string;
  readonly prove: (bench: Bench) => Promise<void>;
}

const done = undefined;
const l2 = { ipvlan_mode: "l2" };
const l3 = { ipvlan_mode: "l3" };
const onP0 = { parent: "p0" };
const net = (
  Subnet: string,
  rest: { readonly Gateway?: string; readonly IPRange?: string } = {},
) => ({
  Subnet,
  ...rest,
});

const vlanParents: readonly Case[] = [
  {
    name: "a VLAN link that was there before outlives its network",
    prove: async ({ create, remove, host, links }) => {
      host("ip", "link", "add", "p0.20", "link", "p0", "type", "vlan", "id", "20");
      const wish = { options: { parent: "p0.20" }, subnets: [net("10.20.0.0/24")] };
      expect(await create("lan", wish)).toBe(done);
      expect(await remove("lan")).toBe(done);
      expect(links()).toEqual(["p0", "p0.20"]);
      host("ip", "link", "del", "p0.20");
    },
  },
  {
    name: "a VLAN link that ipvlan needed is made, and ends with its network",
    prove: async ({ create, remove, linkOf, links }) => {
      const wish = { options: { parent: "p0.60", ...l2 }, subnets: [net("10.60.0.0/24")] };
      expect(await create("lan", wish)).toBe(done);
      expect(linkOf("p0.60")).toMatchObject({ linkinfo: { info_data: { id: 60 } } });
      expect(await remove("lan")).toBe(done);
      expect(links()).toEqual(["p0"]);
    },
  },
  ...(["first", "second"] as const).map(
    (order): Case => ({
      name: `a VLAN link that two networks share ends with the last, when the ${order} goes first`,
      prove: async ({ create, remove, connect, disconnect, links, reaches, lan }) => {
        lan("ip", "link", "add", "m0.40", "link", "m0", "type", "vlan", "id", "40");
        lan("ip", "address", "add", "10.40.0.1/24", "dev", "m0.40");
        lan("ip", "link", "set", "m0.40", "up");
        const half = (IPRange: string) => ({
          options: { parent: "p0.40" },
          subnets: [net("10.40.0.0/24", { IPRange })],
        });
        expect(await create("first", half("10.40.0.64/30"))).toBe(done);
        expect(await create("second", half("10.40.0.68/30"))).toBe(done);
        const other = order === "first" ? "second" : "first";
        expect(await connect("c1", other)).toBe(done);
        expect(await reaches("c1", "10.40.0.1")).toBe(true);
        expect(await remove(order)).toBe(done);
        expect(links()).toEqual(["p0", "p0.40"]);
        expect(await reaches("c1", "10.40.0.1")).toBe(true);
        await disconnect("c1", other);
        expect(await remove(other)).toBe(done);
        expect(links()).toEqual(["p0"]);
        lan("ip", "link", "del", "m0.40");
      },
    }),
  ),
];

/** Last of all: the containers end with the engine. */
const persistence: Case = {
  name: "networks on VLANs of a parent that is away outlive the engine",
  prove: async ({ create, networks, site }) => {
    const mac = { options: { parent: "p9.60" }, subnets: [net("10.60.0.0/24")] };
    const ip = { options: { parent: "p9.70", ...l2 }, subnets: [net("10.70.0.0/24")] };
    expect(await create("mac", mac)).toBe(done);
    expect(await create("ip", ip)).toBe(done);
    expect(await networks()).toEqual(["ip", "mac"]);
    await site.engine.stopEngine();
    await site.engine.startEngine();
    expect(await networks()).toEqual(["ip", "mac"]);
  },
};

const dualSubnets = [
  net("10.1.0.0/24"),
  net("10.2.0.0/24", { Gateway: "10.2.0.254" }),
  net("fd01::/64"),
  net("fd02::/64", { Gateway: "fd02::254" }),
];

const layer2: readonly Case[] = [
  {
    name: "in l2 without a parent two containers meet, and nobody else",
    prove: async ({ create, connect, reaches, resolve, see, linkIn }) => {
      expect(await create("quiet", { options: l2, subnets: [net("10.1.0.0/24")] })).toBe(done);
      expect(await connect("c1", "quiet", { ip: "10.1.0.11" })).toBe(done);
      expect(await connect("c2", "quiet", { ip: "10.1.0.12" })).toBe(done);
      expect(await reaches("c1", "10.1.0.12")).toBe(true);
      expect(await resolve("c1", "c2")).toBe("10.1.0.12");
      expect(await resolve("c1", OUTSIDE.name)).toBe(undefined);
      expect(await linkIn("c1")).toMatch(/ipvlan *mode l2/);
      expect(await see("c1", "ping", "-c1", "-W1", "192.0.2.1")).toMatch(/unreachable/);
    },
  },
  {
    // Docker 20.10 asks for a gateway wherever none is given, and gets the first address.
    name: "in l2 a gateway is the default route, given or not",
    prove: async ({ create, connect, defaultRoutes, reaches, resolve }) => {
      const subnets = [net("10.0.0.0/24", { Gateway: "10.0.0.1" }), net("fd00::/64")];
      expect(await create("lan", { options: { ...onP0, ...l2 }, subnets })).toBe(done);
      expect(await connect("c1", "lan", { ip: "10.0.0.77" })).toBe(done);
      const routes = ["default via 10.0.0.1 dev eth", "default via fd00::1 dev eth"];
      expect(await defaultRoutes("c1")).toEqual(routes);
      expect(await reaches("c1", "10.0.0.1")).toBe(true);
      expect(await reaches("c1", "fd00::1")).toBe(true);
      expect(await resolve("c1", OUTSIDE.name)).toBe(OUTSIDE.address);
    },
  },
  {
    name: "in l2 an internal network has no way out, but to the LAN that it is on",
    prove: async ({ create, connect, reaches, resolve, see }) => {
      const wish = { options: { ...onP0, ...l2 }, subnets: [net("10.0.0.0/24")] };
      expect(await create("inner", { ...wish, is: "internal" })).toBe(done);
      expect(await connect("c1", "inner", { ip: "10.0.0.77" })).toBe(done);
      expect(await reaches("c1", "10.0.0.1")).toBe(true);
      expect(await resolve("c1", OUTSIDE.name)).toBe(OUTSIDE.address);
      expect(await see("c1", "ping", "-c1", "-W1", "192.0.2.1")).toMatch(/unreachable/);
    },
  },
  ...([onP0, {}] as const).map(
    (parent): Case => ({
      name: `in l2 ${"parent" in parent ? "with" : "without"} a parent each of four subnets is one`,
      prove: async ({ create, connect, reaches, attachment }) => {
        const wish = { options: { ...parent, ...l2 }, subnets: dualSubnets };
        expect(await create("many", wish)).toBe(done);
        expect(await connect("c1", "many", { ip: "10.2.0.11", ip6: "fd02::11" })).toBe(done);
        expect(await connect("c2", "many", { ip: "10.2.0.12", ip6: "fd02::12" })).toBe(done);
        expect(await reaches("c1", "10.2.0.12")).toBe(true);
        expect(await reaches("c1", "fd02::12")).toBe(true);
        // Nobody is behind a network that has no parent.
        const gateways = "parent" in parent ? ["10.2.0.254", "fd02::254"] : ["", ""];
        const { Gateway, IPv6Gateway } = await attachment("c1", "many");
        expect([Gateway, IPv6Gateway]).toEqual(gateways);
      },
    }),
  ),
];

const layer3: readonly Case[] = [
  {
    name: "in l3 without a parent the subnets of one network reach each other, and nobody else",
    prove: async ({ create, connect, reaches, resolve, see }) => {
      const wish = { options: l3, subnets: [net("10.1.0.0/24"), net("10.2.0.0/24")] };
      expect(await create("quiet", { ...wish, is: "internal" })).toBe(done);
      expect(await connect("c1", "quiet", { ip: "10.1.0.11" })).toBe(done);
      expect(await connect("c2", "quiet", { ip: "10.2.0.11" })).toBe(done);
      expect(await reaches("c1", "10.2.0.11")).toBe(true);
      expect(await reaches("c2", "10.1.0.11")).toBe(true);
      expect(await resolve("c1", "c2")).toBe("10.2.0.11");
      expect(await resolve("c1", OUTSIDE.name)).toBe(undefined);
      expect(await see("c1", "ping", "-c1", "-W1", "192.0.2.1")).toMatch(/unreachable/);
    },
  },
  {
    name: "in l3 an internal network on a parent reaches its own subnets only",
    prove: async ({ create, connect, reaches, resolve, see }) => {
      const subnets = [net("10.3.0.0/24"), net("10.4.0.0/24")];
      const wish = { options: { ...onP0, ...l3 }, subnets };
      expect(await create("inner", { ...wish, is: "internal" })).toBe(done);
      expect(await connect("c1", "inner", { ip: "10.3.0.11" })).toBe(done);
      expect(await connect("c2", "inner", { ip: "10.4.0.11" })).toBe(done);
      expect(await reaches("c1", "10.4.0.11")).toBe(true);
      expect(await resolve("c1", "c2")).toBe("10.4.0.11");
      expect(await resolve("c1", OUTSIDE.name)).toBe(undefined);
      expect(await see("c1", "ping", "-c1", "-W1", "10.0.0.1")).toMatch(/unreachable/);
    },
  },
  {
    name: "in l3 both default routes are the link, gateways that are given are not used",
    prove: async (bench) => {
      const { create, connect, disconnect, defaultRoutes, attachment, reaches, lan } = bench;
      const four = [net("10.3.0.0/24", { Gateway: "10.3.0.254" }), net("10.4.0.0/24")];
      const subnets = [...four, net("fd03::/64", { Gateway: "fd03::254" })];
      expect(await create("far", { options: { ...onP0, ...l3 }, subnets })).toBe(done);
      expect(await connect("c1", "far", { ip: "10.3.0.11", ip6: "fd03::11" })).toBe(done);
      expect(await connect("c2", "far", { ip: "10.4.0.11", ip6: "fd03::12" })).toBe(done);
      expect(await defaultRoutes("c1")).toEqual(["default dev eth", "default dev eth"]);
      const { Gateway, IPv6Gateway } = await attachment("c1", "far");
      expect([Gateway, IPv6Gateway]).toEqual(["", ""]);
      expect(await reaches("c1", "10.4.0.11")).toBe(true);
      expect(await reaches("c1", "fd03::12")).toBe(true);
      // The LAN has its route by the host.
      lan("ip", "route", "add", "10.3.0.0/24", "via", "10.0.0.10");
      expect(await reaches("c1", "10.0.0.1")).toBe(true);
      expect(await bench.resolve("c1", OUTSIDE.name)).toBe(OUTSIDE.address);
      lan("ip", "route", "del", "10.3.0.0/24");
      expect(await disconnect("c2", "far")).toBe(done);
      expect(await reaches("c1", "10.4.0.11")).toBe(false);
    },
  },
  {
    name: "in l3 networks with ranges of one subnet share a parent, and no address",
    prove: async ({ create, connect, disconnect, attachment }) => {
      const part = (IPRange: string) => ({
        options: { ...onP0, ...l3 },
        subnets: [net("10.5.0.0/24", { IPRange })],
      });
      expect(await create("one", part("10.5.0.64/30"))).toBe(done);
      expect(await create("two", part("10.5.0.68/30"))).toBe(done);
      expect(await connect("c1", "one")).toBe(done);
      expect((await attachment("c1", "one")).IPAddress).toMatch(/^10\.5\.0\.6[4-7]$/);
      expect(await disconnect("c1", "one")).toBe(done);
      expect(await connect("c1", "two", { ip: "10.5.0.130" })).toBe(done);
      expect(await connect("c2", "one", { ip: "10.5.0.130" })).toContain("10.5.0.130");
    },
  },
];

const shared: readonly Case[] = [
  {
    name: "what would flip the mode of a parent's links is refused, a second network in it is not",
    prove: async ({ create }) => {
      const half = (subnet: string) => ({ options: { ...onP0, ...l2 }, subnets: [net(subnet)] });
      expect(await create("one", half("10.0.0.0/25"))).toBe(done);
      expect(await create("two", half("10.0.0.128/25"))).toBe(done);
      const third = (options: Readonly<Record<string, string>>) =>
        create("three", { options: { ...onP0, ...options }, subnets: [net("10.9.0.0/24")] });
      expect(await third(l3)).toMatch(/l2.*l3|l3.*l2/);
      expect(await third({ ...l2, ipvlan_flag: "private" })).toContain("private");
      expect(await third({})).toMatch(/macvlan/);
    },
  },
  {
    name: "in each mode a subnet of two addresses has one for a container beside Docker's gateway",
    prove: async ({ create, remove, connect, disconnect }) => {
      for (const mode of ["l2", "l3", "l3s"]) {
        const wish = { options: { ipvlan_mode: mode }, subnets: [net("10.6.0.0/31")] };
        expect(await create(mode, { ...wish, is: "internal" })).toBe(done);
        expect(await connect("c1", mode)).toBe(done);
        expect(await connect("c2", mode)).toContain("no free address in 10.6.0.0/31");
        expect(await disconnect("c1", mode)).toBe(done);
        expect(await remove(mode)).toBe(done);
      }
    },
  },
  {
    name: "flags and MTU that Docker is given are the link's, and the parent keeps its own",
    prove: async ({ create, connect, linkIn, linkOf }) => {
      const own = { ipvlan_flag: "vepa", "com.docker.network.driver.mtu": "1300" };
      const options = { parent: "p0.30", ...l2, ...own };
      expect(await create("lan", { options, subnets: [net("10.30.0.0/24")] })).toBe(done);
      expect(await connect("c1", "lan")).toBe(done);
      const shown = await linkIn("c1");
      expect(shown).toMatch(/mtu 1300/);
      expect(shown).toMatch(/ipvlan *mode l2 vepa/);
      expect(linkOf("p0.30")).toMatchObject({ mtu: 1500, linkinfo: { info_data: { id: 30 } } });
    },
  },
];

export const cases: readonly Case[] = [
  ...vlanParents,
  ...layer2,
  ...layer3,
  ...shared,
  persistence,
];
