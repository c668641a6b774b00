import { ALL, echo, other, tagged, whoHas } from "./frames.ts";
import type { Box, Ear, Rule } from "./rule.ts";
import { a, b, cable, host, lan, macOf, pair } from "./site.ts";

const stacks = ["host:p0/stack", "a:a0/stack", "b:b0/stack"] as const;
const around: readonly Ear[] = ["lan:s0", "host/ip", "b/ip"];
const everyone = (from: { readonly ip: string }) => ({ mac: ALL, ip: from.ip });

const build = (box: Box, flags = "") => box.run(`${cable} ${pair(`ipvlan mode l2 ${flags}`)}`);

/** The same experiment with each of the three flags. */
async function withFlags(box: Box, observe: () => Promise<readonly string[]>) {
  await build(box);
  const bridge = await observe();
  await box.run("a: ip link set a0 type ipvlan private");
  const isolated = await observe();
  await box.run("a: ip link set a0 type ipvlan vepa");
  return { bridge, private: isolated, vepa: await observe() };
}

const fromTheWire: readonly Rule[] = [
  {
    name: "unicast from the wire goes to the link with its address; what is for none is the host's",
    expected: {
      address: ["a:a0/stack"],
      nobody: ["host:p0/stack"],
      notIp: ["host:p0/stack"],
      control: ["b:b0/stack"],
    },
    observe: async (box) => {
      await build(box);
      const ask = (frame: Parameters<Box["heard"]>[1]) => box.heard("lan:s0", frame, stacks);
      return {
        address: await ask(echo(lan, a)),
        control: await ask(echo(lan, b)),
        nobody: await ask(echo(lan, { ...a, ip: "10.0.0.99" })),
        notIp: await ask(other(lan.mac, a.mac)),
      };
    },
  },
  {
    name: "an ARP request by unicast goes to the link whose address is asked for",
    expected: { a: ["a:a0/stack"], host: ["host:p0/stack"] },
    observe: async (box) => {
      await build(box);
      const ask = (target: string) => {
        const asked = { ...whoHas(lan, target), destination: whoHas(host, target).source };
        return box.heard("lan:s0", asked, stacks);
      };
      return { a: await ask(a.ip), host: await ask(host.ip) };
    },
  },
  {
    name: "a frame for another MAC comes to the link with the address, whose IP stack ignores it",
    expected: { right: ["a:a0/stack", "a/ip"], wrong: ["a:a0/stack"] },
    observe: async (box) => {
      await build(box);
      const ears = ["a:a0/stack", "a/ip"] as const;
      const wrong = echo(lan, { ...a, mac: macOf("99") });
      return {
        right: await box.heard("lan:s0", echo(lan, a), ears),
        wrong: await box.heard("lan:s0", wrong, ears),
      };
    },
  },
  {
    name: "a broadcast from the wire comes to the host and to each link that is up",
    expected: { both: [...stacks], one: ["host:p0/stack", "b:b0/stack"] },
    observe: async (box) => {
      await build(box);
      const both = await box.heard("lan:s0", whoHas(lan, "10.0.0.99"), stacks);
      await box.run("a: ip link set a0 down");
      return { both, one: await box.heard("lan:s0", other(lan.mac, ALL), stacks) };
    },
  },
  {
    name: "a multicast from the wire comes to the host and to links that joined its group",
    expected: { joined: 3, host: 3, notJoined: true },
    observe: async (box) => {
      await build(box);
      // Links filter by one byte of a secret hash: one group of three may pass, not all.
      const groups = ["01:00:5e:01:01:01", "01:00:5e:02:02:02", "01:00:5e:03:03:03"];
      // `ip maddr` ends the process in which it is.
      await box.run(`a: ${groups.map((group) => `ip maddr add ${group} dev a0`).join("; ")}`);
      const heard: string[] = [];
      for (const group of groups) {
        heard.push(...(await box.heard("lan:s0", other(lan.mac, group), stacks)));
      }
      const count = (ear: string) => heard.filter((one) => one === ear).length;
      const [atHost, joined, not] = stacks.map(count);
      return { joined: joined ?? 0, host: atHost ?? 0, notJoined: (not ?? 3) < 3 };
    },
  },
  {
    name: "a link's broadcast that the switch sends back comes to no link, the host's comes to all",
    expected: { link: ["host:p0/stack"], host: [...stacks] },
    observe: async (box) => {
      await build(box);
      return {
        link: await box.heard("lan:s0", whoHas(a, "10.0.0.99"), stacks),
        host: await box.heard("lan:s0", whoHas(host, "10.0.0.99"), stacks),
      };
    },
  },
];

const fromALink: readonly Rule[] = [
  {
    name: "unicast of a link to another MAC goes to the wire, whatever address it is for",
    expected: { other: ["lan:s0"], siblingsAddress: ["lan:s0"] },
    observe: async (box) => {
      await build(box);
      return {
        other: await box.heard("a:a0", echo(a, lan), around),
        siblingsAddress: await box.heard("a:a0", echo(a, { ...lan, ip: b.ip }), around),
      };
    },
  },
  {
    name: "unicast to a sibling stays inside; private drops it, vepa sends it to the wire",
    expected: { bridge: ["b/ip"], private: [], vepa: ["lan:s0"] },
    observe: (box) => withFlags(box, () => box.heard("a:a0", echo(a, b), around)),
  },
  {
    name: "a packet to the own MAC and the host's address comes to the host; not in vepa",
    expected: { bridge: ["host/ip"], private: ["host/ip"], vepa: ["lan:s0"] },
    observe: (box) => withFlags(box, () => box.heard("a:a0", echo(a, host), around)),
  },
  {
    name: "a link's broadcast comes to siblings and wire whatever the flags, and not to the host",
    expected: {
      bridge: ["lan:s0", "b:b0/stack"],
      private: ["lan:s0", "b:b0/stack"],
      vepa: ["lan:s0", "b:b0/stack"],
    },
    observe: (box) =>
      withFlags(box, () =>
        box.heard("a:a0", other(a.mac, ALL), ["lan:s0", "host:p0/stack", "b:b0/stack"]),
      ),
  },
  {
    name: "unicast to a sibling that is down is taken by the host's stack, which is not it",
    expected: { up: ["b:b0/stack"], down: ["host:p0/stack"] },
    observe: async (box) => {
      await build(box);
      const up = await box.heard("a:a0", echo(a, b), stacks);
      await box.run("b: ip link set b0 down");
      return { up, down: await box.heard("a:a0", echo(a, b), stacks) };
    },
  },
];

const hostAndLinks: readonly Rule[] = [
  {
    name: "the host's frames go to the wire and to no link, with a known neighbour too",
    expected: { arp: ["lan:s0"], known: ["lan:s0"], control: ["a:a0/stack"] },
    observe: async (box) => {
      await build(box);
      const ears = ["lan:s0", "a:a0/stack"] as const;
      return {
        arp: await box.heard("host:p0", whoHas(host, a.ip), ears),
        known: await box.heard("host:p0", echo(host, a), ears),
        control: await box.heard("lan:s0", echo(lan, a), ["a:a0/stack"]),
      };
    },
  },
  {
    name: "a switch that relays back lets host and link reach each other in mode l2",
    expected: { without: false, toLink: true, toHost: true },
    observe: async (box) => {
      await build(box);
      await box.run(`
        lan: ip link add sw type bridge mcast_snooping 0
        lan: ip link set s0 master sw
        lan: ip link set sw up`);
      const without = await box.pings("host", a.ip);
      await box.run("lan: bridge link set dev s0 hairpin on");
      const toLink = await box.eventually(() => box.pings("host", a.ip));
      return { without, toLink, toHost: await box.eventually(() => box.pings("a", host.ip)) };
    },
  },
  {
    name: "a broadcast answer comes to a link that has no address yet, a unicast one to the host",
    expected: { unicast: ["host:p0/stack"], broadcast: ["host:p0/stack", "a:a0/stack"] },
    observe: async (box) => {
      await build(box);
      await box.run("a: ip address flush dev a0");
      const ears = ["host:p0/stack", "a:a0/stack"] as const;
      return {
        unicast: await box.heard("lan:s0", echo(lan, a), ears),
        broadcast: await box.heard("lan:s0", echo(lan, everyone(a)), ears),
      };
    },
  },
  {
    name: "a frame with a tag goes to the link with its address too, whose IP stack ignores it",
    expected: { plain: ["a:a0/stack", "a/ip"], tagged: ["a:a0/stack"] },
    observe: async (box) => {
      await build(box);
      const ears = ["host:p0/stack", "a:a0/stack", "a/ip"] as const;
      return {
        plain: await box.heard("lan:s0", echo(lan, a), ears),
        tagged: await box.heard("lan:s0", tagged(echo(lan, a), 10), ears),
      };
    },
  },
];

export const ipvlanL2Rules: readonly Rule[] = [...fromTheWire, ...fromALink, ...hostAndLinks];
