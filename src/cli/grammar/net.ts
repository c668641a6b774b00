import { object, or } from "@optique/core/constructs";
import { map, multiple, optional, withDefault } from "@optique/core/modifiers";
import type { InferValue } from "@optique/core/parser";
import { command, constant, option } from "@optique/core/primitives";
import { err, mapResult, ok, type Problem, type Result } from "../../base/index.ts";
import { checkNetwork, driverFlags, driverModes, parseDriver } from "../../domain/index.ts";
import type { Command } from "../command.ts";
import { usageWrong } from "../problems.ts";
import { examples, groupUsage, positional, shortUsage, words } from "./describe.ts";
import {
  address,
  count,
  linkName,
  mac,
  mtu,
  networkName,
  networkRef,
  prefix,
  range,
  reservation,
  route,
  vlanTag,
  word,
} from "./value-parsers.ts";

const createOptions = object({
  name: positional(networkName, "What to call the network."),
  parent: option("--parent", linkName, {
    description: words("The host's link that is plugged into the LAN."),
  }),
  vlan: multiple(
    option("--vlan", vlanTag, {
      description: words(
        "The network is on this VLAN of the parent, whose link is made when it is missing and " +
          "deleted with its last network. Several are tags in tags, the outermost first: " +
          "802.1ad:10 and 20.",
      ),
    }),
  ),
  driver: withDefault(
    option("--driver", word("DRIVER", Object.keys(driverModes)), {
      description: words("macvlan or ipvlan."),
    }),
    "macvlan",
  ),
  mode: optional(
    option("--mode", word("MODE", Object.values(driverModes).flat()), {
      description: words("How endpoints see each other; the default is the driver's first."),
    }),
  ),
  flag: optional(
    option("--flag", word("FLAG", driverFlags), {
      description: words("nopromisc in mode passthru, nodst in source, private or vepa in ipvlan."),
    }),
  ),
  sources: multiple(
    option("--source", mac, {
      description: words("Mode source: a peer that endpoints listen to; there may be several."),
    }),
  ),
  bcQueueLen: optional(
    option("--bcqueuelen", count("FRAMES"), {
      description: words("How many broadcasts may wait; the kernel's default is 1000."),
    }),
  ),
  subnets: multiple(
    option("--subnet", prefix, { description: words("A prefix of the LAN, such as 10.0.0.0/24.") }),
  ),
  gateways: multiple(
    option("--gateway", address, { description: words("The LAN's router; one for each subnet.") }),
  ),
  ranges: multiple(
    option("--ip-range", range, {
      description: words("What to hand out: a prefix or FIRST-LAST; the default is all."),
    }),
  ),
  exclusions: multiple(
    option("--exclude", range, {
      description: words("Never handed out: an address, a prefix or FIRST-LAST."),
    }),
  ),
  reservations: multiple(
    option("--reserve", reservation, {
      description: words("An address that is always this workload's, such as web=10.0.0.20."),
    }),
  ),
  routes: multiple(
    option("--route", route, {
      description: words('A route for every endpoint: PREFIX or "PREFIX,via ADDRESS".'),
    }),
  ),
  mtu: optional(option("--mtu", mtu, { description: words("The default is the parent's.") })),
  internal: option("--internal", { description: words("No default route for the endpoints.") }),
});

const create = command("create", map(createOptions, netCreate), {
  brief: words("Create a network on a parent link."),
  description: words(
    "Remembers a network. The parent is not changed; of links only that of a VLAN is made now, " +
      "and those of endpoints by attach.",
  ),
  usageLine: shortUsage,
  footer: examples(
    "landfall net create lan --parent eth0 --subnet 192.168.1.0/24 --gateway 192.168.1.1",
    "landfall net create lan --parent eth0 --subnet 10.0.0.0/24 --ip-range 10.0.0.64/26",
    "landfall net create guests --parent eth0 --vlan 100 --subnet 10.100.0.0/24",
  ),
});

const ls = command(
  "ls",
  map(object({ kind: constant("net-ls") }), (it): Result<Command, Problem> => ok(it)),
  {
    aliases: ["list"],
    brief: words("List the networks."),
    footer: examples("landfall net ls", "landfall net ls --format json"),
  },
);

const inspect = command(
  "inspect",
  map(
    object({ kind: constant("net-inspect"), name: positional(networkRef, "The network's name.") }),
    (it): Result<Command, Problem> => ok(it),
  ),
  { brief: words("Show one network."), footer: examples("landfall net inspect lan") },
);

const setOptions = object({
  name: positional(networkRef, "The network's name."),
  mode: optional(
    option("--mode", word("MODE", driverModes.macvlan), {
      description: words("The new mode; not to or from passthru."),
    }),
  ),
  sources: multiple(
    option("--source", mac, {
      description: words("The new list of mode source, all of it; there may be several."),
    }),
  ),
});

const set = command("set", map(setOptions, netSet), {
  brief: words("Change a network's mode or list of peers."),
  description: words(
    "Changes the network and every link on it, while they are in use; all of them or none. Waits " +
      "for what is being attached or detached.",
  ),
  usageLine: shortUsage,
  footer: examples(
    "landfall net set lan --mode private",
    "landfall net set lan --source 02:00:00:00:00:01 --source 02:00:00:00:00:02",
  ),
});

const rm = command(
  "rm",
  map(
    object({ kind: constant("net-rm"), name: positional(networkRef, "The network's name.") }),
    (it): Result<Command, Problem> => ok(it),
  ),
  {
    aliases: ["remove"],
    brief: words("Remove a network that has no endpoints."),
    footer: examples("landfall net rm lan"),
  },
);

/** `landfall net …` */
export const netCommand = command("net", or(create, ls, inspect, set, rm), {
  aliases: ["network"],
  usageLine: groupUsage,
  brief: words("Networks: a parent link, a driver, and the addresses to hand out."),
  footer: examples("landfall net ls"),
});

function netCreate(given: InferValue<typeof createOptions>): Result<Command, Problem> {
  const { driver: kind, mode, flag, sources, bcQueueLen, mtu: size, internal, ...rest } = given;
  const { vlan, ...wish } = rest;
  const driver = parseDriver({
    kind,
    sources,
    ...(mode === undefined ? {} : { mode }),
    ...(flag === undefined ? {} : { flag }),
    ...(bcQueueLen === undefined ? {} : { bcQueueLen }),
  });
  if (!driver.ok) return driver;
  const spec = checkNetwork({
    ...wish,
    driver: driver.value,
    reach: internal ? "internal" : "routed",
    ...(size === undefined ? {} : { mtu: size }),
    ...(vlan.length === 0 ? {} : { vlan }),
  });
  return mapResult(spec, (checked) => ({ kind: "net-create", spec: checked }));
}

function netSet(given: InferValue<typeof setOptions>): Result<Command, Problem> {
  const { name, mode, sources } = given;
  if (mode === undefined && sources.length === 0) {
    const reason = "Say what to change: --mode, --source, or both.";
    return err(usageWrong({ reason, help: "landfall net set --help" }));
  }
  return ok({
    kind: "net-set",
    name,
    ...(mode === undefined ? {} : { mode }),
    ...(sources.length === 0 ? {} : { sources }),
  });
}
