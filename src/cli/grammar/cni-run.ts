import { object, or } from "@optique/core/constructs";
import { map, multiple, optional, withDefault } from "@optique/core/modifiers";
import { command, constant, flag, option } from "@optique/core/primitives";
import { err, ok, type Problem, type Result } from "../../base/index.ts";
import type { AttachmentName, Detachment, RunRequest } from "../../cnirun/index.ts";
import type { IfName } from "../../domain/index.ts";
import type { Command } from "../command.ts";
import { usageWrong } from "../problems.ts";
import {
  attachmentName,
  capabilityArgs,
  cniArg,
  cniNetwork,
  containerId,
  formerNamespace,
} from "./cni-values.ts";
import { examples, groupUsage, positional, shortUsage, words } from "./describe.ts";
import { ifname, netnsName, word } from "./value-parsers.ts";

const CONF_DIRECTORY = "/etc/cni/net.d";
/** Where people and Debian's packages put plugins. */
const PLUGIN_DIRECTORIES = ["/opt/cni/bin", "/usr/lib/cni"] as const;
const CACHE_DIRECTORY = "/var/lib/cni";
const DEFAULT_IFNAME = "eth0" as IfName;

const places = {
  network: positional(cniNetwork, "The name that the configuration has inside."),
  confDirectory: withDefault(
    option("--conf-dir", word("DIR"), {
      description: words(`Where configurations are; the default is ${CONF_DIRECTORY}.`),
    }),
    CONF_DIRECTORY,
  ),
  pluginDirectories: multiple(
    option("--plugin-dir", word("DIR"), {
      description: words(
        "Where plugins are, also several times: the first that has one is taken. The default is " +
          `${PLUGIN_DIRECTORIES.join(", then ")}.`,
      ),
    }),
  ),
  cacheDirectory: withDefault(
    option("--cache-dir", word("DIR"), {
      description: words(`Where results are kept, in results/; the default is ${CACHE_DIRECTORY}.`),
    }),
    CACHE_DIRECTORY,
  ),
};

const attachment = {
  containerId: option("--container-id", containerId, {
    description: words("What the runtime calls the sandbox."),
  }),
  ifname: withDefault(
    option("--ifname", ifname, {
      description: words(`The link's name in the sandbox; the default is ${DEFAULT_IFNAME}.`),
    }),
    DEFAULT_IFNAME,
  ),
  args: multiple(
    option("--arg", cniArg, { description: words("A pair of CNI_ARGS, such as IP=192.168.1.9.") }),
  ),
  capabilityArgs: optional(
    option("--cap-arg", capabilityArgs, {
      description: words(
        'What plugins are told by capability, such as \'{"ips": ["192.168.1.9/24"]}\'.',
      ),
    }),
  ),
};

const netns = option("--netns", netnsName, {
  description: words("The sandbox: a path, or a name that `ip netns add` was given."),
});

const example = "--netns web --container-id web";

const add = command("add", map(object({ ...places, ...attachment, netns }), attachWith("add")), {
  brief: words("Run the plugins of a network for a sandbox, and keep the result."),
  description: words(
    "When a plugin fails, all are asked to undo it. An attachment that is kept already is refused.",
  ),
  usageLine: shortUsage,
  footer: examples(
    `landfall cni run add lan ${example}`,
    `landfall cni run add lan ${example} --plugin-dir /usr/lib/cni --arg IP=192.168.1.9`,
  ),
});

const check = command(
  "check",
  map(object({ ...places, ...attachment, netns }), attachWith("check")),
  {
    brief: words("Ask the plugins whether an attachment is still as they made it."),
    usageLine: shortUsage,
    footer: examples(`landfall cni run check lan ${example}`),
  },
);

const del = command(
  "del",
  map(
    object({
      ...places,
      ...attachment,
      netns: optional(
        option("--netns", formerNamespace, {
          description: words(
            "The sandbox, or '' where it is gone; the default is what the ADD was told.",
          ),
        }),
      ),
    }),
    detachWith,
  ),
  {
    brief: words("Run the plugins in reverse, to take an attachment away."),
    description: words(
      "By the configuration and the arguments of its ADD, where the result is kept; what was " +
        "never added is taken away with success.",
    ),
    usageLine: shortUsage,
    footer: examples("landfall cni run del lan --container-id web"),
  },
);

const gc = command(
  "gc",
  map(
    object({
      ...places,
      keep: multiple(
        option("--keep", attachmentName, {
          description: words("This one stays; also several times."),
        }),
      ),
      keepLiving: flagOf("--keep-living", "Those stay whose network namespace is there."),
      keepNone: flagOf("--keep-none", "Nothing stays."),
    }),
    collectWith,
  ),
  {
    brief: words("Take away what a network has of attachments that are gone."),
    description: words(
      "DEL for each kept result that is not to stay, then GC, by which plugins look for more. " +
        "It waits for what is added or deleted by this command, and not for other runtimes.",
    ),
    usageLine: shortUsage,
    footer: examples(
      "landfall cni run gc lan --keep-living",
      "landfall cni run gc lan --keep web/eth0 --keep db/eth0",
    ),
  },
);

const status = command("status", map(object({ kind: constant("status"), ...places }), askWith), {
  brief: words("Ask the plugins whether they could add somebody now."),
  usageLine: shortUsage,
  footer: examples("landfall cni run status lan"),
});

const versions = command(
  "versions",
  map(object({ kind: constant("versions"), ...places }), askWith),
  {
    brief: words("Ask the plugins which versions of CNI they know."),
    usageLine: shortUsage,
    footer: examples("landfall cni run versions lan"),
  },
);

/** `landfall cni run …` */
export const cniRunCommand = command("run", or(add, check, del, gc, status, versions), {
  usageLine: groupUsage,
  brief: words("Run the CNI plugins of a configuration, as a container runtime does."),
  footer: examples(`landfall cni run add lan ${example}`, "landfall cni run gc lan --keep-living"),
});

function flagOf(name: `--${string}`, description: string) {
  return withDefault(flag(name, { description: words(description) }), false);
}

interface GivenPlaces extends Pick<RunRequest, "network" | "confDirectory" | "cacheDirectory"> {
  readonly pluginDirectories: readonly string[];
}

function placesOf(given: GivenPlaces): GivenPlaces {
  const { network, confDirectory, pluginDirectories, cacheDirectory } = given;
  const directories = pluginDirectories.length === 0 ? PLUGIN_DIRECTORIES : pluginDirectories;
  return { network, confDirectory, cacheDirectory, pluginDirectories: directories };
}

interface GivenAttachment<Netns> extends GivenPlaces, AttachmentName {
  readonly netns: Netns;
  readonly args: Detachment["args"] & {};
  readonly capabilityArgs: Detachment["capabilityArgs"];
}

function attachWith(operation: "add" | "check") {
  return (given: GivenAttachment<string>): Result<Command, Problem> => {
    const { containerId: id, ifname: name, netns: path, args } = given;
    const facts = { containerId: id, ifname: name, netns: path, args };
    const told = { ...facts, capabilityArgs: given.capabilityArgs ?? {} };
    return cniRun({ ...placesOf(given), operation, attachment: told });
  };
}

function detachWith(given: GivenAttachment<string | undefined>): Result<Command, Problem> {
  const { containerId: id, ifname: name, netns: path, args, capabilityArgs: capabilities } = given;
  const told: Detachment = {
    containerId: id,
    ifname: name,
    ...(path === undefined ? {} : { netns: path }),
    ...(args.length === 0 ? {} : { args }),
    ...(capabilities === undefined ? {} : { capabilityArgs: capabilities }),
  };
  return cniRun({ ...placesOf(given), operation: "del", attachment: told });
}

interface GivenKeep extends GivenPlaces {
  readonly keep: readonly AttachmentName[];
  readonly keepLiving: boolean;
  readonly keepNone: boolean;
}

/** An empty list takes everything away, so it has to be said. */
function collectWith(given: GivenKeep): Result<Command, Problem> {
  const { keep: attachments, keepLiving, keepNone } = given;
  const said = [attachments.length > 0, keepLiving, keepNone].filter(Boolean).length;
  if (said !== 1) {
    const reason = "Say what stays: --keep ID/IFNAME for each, or --keep-living, or --keep-none.";
    return err(usageWrong({ reason, help: "landfall cni run gc --help" }));
  }
  const keep = keepLiving
    ? ({ kind: "living" } as const)
    : ({ kind: "these", attachments } as const);
  return cniRun({ ...placesOf(given), operation: "gc", keep });
}

function askWith(
  given: GivenPlaces & { readonly kind: "status" | "versions" },
): Result<Command, Problem> {
  return cniRun({ ...placesOf(given), operation: given.kind });
}

function cniRun(request: RunRequest): Result<Command, Problem> {
  return ok({ kind: "cni-run", request });
}
