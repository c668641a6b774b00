import { object, or } from "@optique/core/constructs";
import { map, multiple, optional, withDefault } from "@optique/core/modifiers";
import type { InferValue } from "@optique/core/parser";
import { argument, command, option } from "@optique/core/primitives";
import { err, ok, type Problem, type Result } from "../../base/index.ts";
import type { IfName } from "../../domain/index.ts";
import type { Command } from "../command.ts";
import { usageWrong } from "../problems.ts";
import { examples, positional, shortUsage, words } from "./describe.ts";
import {
  address,
  containerRef,
  endpointId,
  ifname,
  mac,
  netnsPath,
  networkRef,
  pidNamespace,
  workload,
} from "./value-parsers.ts";

const DEFAULT_IFNAME = "eth0" as IfName;

const sandbox = or(
  option("--netns", netnsPath, {
    description: words("The sandbox: a path, or a name that `ip netns add` was given."),
  }),
  option("--pid", pidNamespace, { description: words("The sandbox: that of this process.") }),
  option("--container", containerRef, {
    description: words(
      "The sandbox: that of this running container, by name or id. Its engine is Docker's, or " +
        "what DOCKER_HOST names (unix://PATH) if it has Docker's API.",
    ),
  }),
  { errors: { noMatch: words("Name the sandbox with --netns, --pid or --container.") } },
);

const attachOptions = object({
  network: positional(networkRef, "The network to attach to."),
  sandbox,
  ifname: withDefault(
    option("--ifname", ifname, { description: words("The link's name in the sandbox.") }),
    DEFAULT_IFNAME,
  ),
  addresses: multiple(
    option("--ip", address, {
      description: words("This address, one of each subnet; the default is a free one."),
    }),
  ),
  mac: optional(option("--mac", mac, { description: words("This MAC address.") })),
  workload: optional(
    option("--name", workload, {
      description: words("Whose it is; the same name gets the same addresses again."),
    }),
  ),
  tap: option("--tap", {
    description: words("A macvtap or ipvtap link, which a virtual machine opens as /dev/tapN."),
  }),
});

/** `landfall attach` */
export const attachCommand = command("attach", map(attachOptions, attach), {
  brief: words("Give a sandbox a link on a network."),
  description: words(
    "Makes the link in the sandbox, gives it its addresses and routes, and sets it up.",
  ),
  usageLine: shortUsage,
  footer: examples(
    "landfall attach lan --netns web",
    "landfall attach lan --pid 4711 --ip 192.168.1.20 --name web",
    "landfall attach lan --container web --ifname lan0",
  ),
});

const detachOptions = object({
  id: optional(argument(endpointId, { description: words("The endpoint's id.") })),
  sandbox: optional(sandbox),
  ifname: optional(
    option("--ifname", ifname, {
      description: words(`The link's name in the sandbox; the default is ${DEFAULT_IFNAME}.`),
    }),
  ),
});

/** `landfall detach` */
export const detachCommand = command("detach", map(detachOptions, detach), {
  brief: words("Take an endpoint away and free its addresses."),
  description: words("The endpoint is named by its id, or by its sandbox and link name."),
  footer: examples("landfall detach ep-0123456789", "landfall detach --netns web --ifname eth0"),
});

function attach(given: InferValue<typeof attachOptions>): Result<Command, Problem> {
  const { mac: wantedMac, workload: name, tap, ...rest } = given;
  return ok({
    kind: "attach",
    ...rest,
    ...(wantedMac === undefined ? {} : { mac: wantedMac }),
    ...(name === undefined ? {} : { workload: name }),
    ...(tap ? { linkKind: "tap" } : {}),
  });
}

function detach(given: InferValue<typeof detachOptions>): Result<Command, Problem> {
  const { id, sandbox: owner, ifname: name } = given;
  if (id !== undefined && owner === undefined && name === undefined) {
    return ok({ kind: "detach", target: { kind: "id", id } });
  }
  if (id === undefined && owner !== undefined) {
    const target = { kind: "owner", sandbox: owner, ifname: name ?? DEFAULT_IFNAME } as const;
    return ok({ kind: "detach", target });
  }
  const reason =
    id === undefined
      ? "Name the endpoint: its id, or its sandbox with --netns, --pid or --container."
      : "Name the endpoint by its id or by its sandbox, not by both.";
  return err(usageWrong({ reason, help: "landfall detach --help" }));
}
