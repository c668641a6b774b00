import { type Ip, interfaceAddress, prefixContains, prefixLength } from "../../../addr/index.ts";
import { defined, err, mapResult, ok, type Problem, type Result } from "../../../base/index.ts";
import {
  type Attachment,
  type CniArg,
  type ConfList,
  parseCniNetworkName,
  parseContainerId,
} from "../../../cnirun/index.ts";
import { parseIfName } from "../../../domain/index.ts";
import type { ProcessChange } from "../../format/actions.ts";
import type { ScenarioHost } from "../../format/scenario.ts";
import { noService } from "../attach-door.ts";
import { runAll } from "../build-topology.ts";
import {
  type AttachWish,
  type Detached,
  type HostDoor,
  hostRole,
  type Lab,
  type Told,
} from "../lab.ts";
import { killContainer } from "../open-container.ts";
import { networkConf } from "./network-conf.ts";
import { openPluginsBook } from "./plugins-book.ts";
import { openRuntimeSite, type RuntimeSite } from "./runtime-site.ts";

/** Link names of containers that the file does not name: eth0, eth1, … */
const CONTAINER_LINK = "eth";

/**
 * The door of CNI: networks are configurations, and a container comes onto them as a container
 * runtime brings it there, by plugins of these folders, anybody's.
 */
export function cniDoor(
  lab: Lab,
  spec: ScenarioHost,
  pluginDirectories: readonly string[],
): HostDoor {
  const door = new CniContainers(lab, spec);
  return {
    platformFor: (platform) => platform,
    open: async (host) => {
      if (spec.networks.length + spec.containers.length === 0) return ok();
      const opened =
        door.site === undefined
          ? await openRuntimeSite(spec.name, pluginDirectories)
          : ok(door.site);
      if (!opened.ok) return opened;
      door.site = opened.value;
      host.keeper.moveTo({ enter: opened.value.enter, prepare: "", path: "" });
      return ok();
    },
    powerOff: async () => door.forgetLinks(),
    createNetwork: async (network) => {
      const text = networkConf(network);
      if (!text.ok) return text;
      door.opened().writeConf(network.name, text.value);
      const list = door.load(network.name);
      // Whether the plugins are there, and know the version, is better told now.
      return list.ok ? mapResult(await door.runner().versions(list.value), () => []) : list;
    },
    removeNetwork: async (network) => {
      door.opened().removeConf(network);
      return ok([]);
    },
    attach: (container, wish) => door.attach(container, wish, door.freeName(container)),
    detach: (container, network) => door.detach(container, network),
    change: (container, change) => door.change(container, change),
    changeService: async (service, change) => err(noService(service, change, spec.name)),
    openBook: (host) => openPluginsBook(lab, door.opened(), host),
    linkOn: async (container, network) =>
      door.linksOf(container).find((link) => link.network === network)?.ifname,
    [Symbol.asyncDispose]: async () => door.site?.[Symbol.asyncDispose](),
  };
}

/** What a container has of one network. */
interface Link {
  readonly network: string;
  readonly ifname: string;
}

/** The containers of one host, and what they are attached to. */
class CniContainers {
  readonly #lab: Lab;
  readonly #spec: ScenarioHost;
  readonly #links = new Map<string, readonly Link[]>();
  site: RuntimeSite | undefined;

  constructor(lab: Lab, spec: ScenarioHost) {
    this.#lab = lab;
    this.#spec = spec;
  }

  opened(): RuntimeSite {
    return defined(this.site, `the container runtime of ${this.#spec.name}`);
  }

  runner() {
    const { netns } = this.#lab.node(this.#spec.name);
    return this.opened().runnerIn(netns, this.#lab.signal);
  }

  load(network: string): Result<ConfList, Problem> {
    // A configuration of the file has a name inside, which is the network's then, too.
    const name = parseCniNetworkName(network);
    return name.ok ? this.opened().loadConf(name.value) : name;
  }

  linksOf(container: string): readonly Link[] {
    return this.#links.get(container) ?? [];
  }

  forgetLinks(): void {
    this.#links.clear();
  }

  freeName(container: string): string {
    const taken = this.linksOf(container).map(({ ifname }) => ifname);
    const names = Array.from({ length: taken.length + 1 }, (_, n) => `${CONTAINER_LINK}${n}`);
    return defined(
      names.find((name) => !taken.includes(name)),
      "a name for one more link",
    );
  }

  async attach(container: string, wish: AttachWish, ifname: string): Promise<Told> {
    const { network } = wish;
    const list = this.load(network);
    if (!list.ok) return list;
    const attachment = this.#attachmentOf(container, ifname, this.#told(wish, list.value));
    if (!attachment.ok) return attachment;
    const added = await this.runner().add(list.value, attachment.value);
    if (!added.ok) return added;
    this.#links.set(container, [...this.linksOf(container), { network, ifname }]);
    return ok([]);
  }

  async detach(container: string, network: string | undefined): Promise<Result<Detached, Problem>> {
    const links = this.linksOf(container);
    const meant = links.filter((link) => network === undefined || link.network === network);
    if (meant.length === 0) return ok("was not attached");
    // As runtimes do it: what came last goes first.
    for (const link of meant.toReversed()) {
      const list = this.load(link.network);
      if (!list.ok) return list;
      const attachment = this.#attachmentOf(container, link.ifname, NOTHING);
      if (!attachment.ok) return attachment;
      const gone = await this.runner().del(list.value, attachment.value);
      if (!gone.ok) return gone;
      const left = this.linksOf(container).filter((other) => other !== link);
      this.#links.set(container, left);
    }
    return ok("detached");
  }

  async change(container: string, change: ProcessChange): Promise<Told> {
    if (change === "start") return await this.#start(container);
    if (change !== "kill") {
      const given = await this.detach(container, undefined);
      if (!given.ok) return given;
    }
    const role = hostRole(this.#lab, this.#spec.name);
    const gone = await killContainer(this.#lab, role, container);
    if (!gone.ok) return gone;
    return change === "restart" ? await this.#start(container) : ok([]);
  }

  async #start(name: string): Promise<Told> {
    const container = this.#spec.containers.find((one) => one.name === name);
    const { networks, run } = defined(container, `container ${name}`);
    for (const wish of networks) {
      const attached = await this.attach(name, wish, wish.ifname);
      if (!attached.ok) return attached;
    }
    return mapResult(await runAll(this.#lab.node(name), run), () => []);
  }

  /** By capability where the plugins have it, else by CNI_ARGS, which all of the reference read. */
  #told({ network, ips, mac }: AttachWish, { plugins }: ConfList): Wanted {
    const able = plugins.flatMap(({ capabilities }) => capabilities);
    const args: CniArg[] = [];
    const capabilityArgs: Record<string, unknown> = {};
    if (ips.length > 0 && able.includes("ips")) {
      capabilityArgs.ips = ips.map((ip) => this.#withLength(network, ip));
    } else if (ips.length > 0) {
      args.push(["IP", ips.join(",")]);
    }
    if (mac !== undefined && able.includes("mac")) capabilityArgs.mac = mac;
    else if (mac !== undefined) args.push(["MAC", mac]);
    return { args: args.length === 0 ? [] : [["IgnoreUnknown", "1"], ...args], capabilityArgs };
  }

  #withLength(network: string, ip: Ip): string {
    const subnets = this.#spec.networks.find(({ name }) => name === network)?.subnets ?? [];
    const subnet = subnets.find((prefix) => prefixContains(prefix, ip));
    return subnet === undefined ? ip : interfaceAddress(ip, prefixLength(subnet));
  }

  #attachmentOf(container: string, link: string, wanted: Wanted): Result<Attachment, Problem> {
    const containerId = parseContainerId(container);
    if (!containerId.ok) return containerId;
    const ifname = parseIfName(link);
    if (!ifname.ok) return ifname;
    const netns = `/proc/${process.pid}/fd/${this.#lab.node(container).netns.fd}`;
    return ok({ containerId: containerId.value, ifname: ifname.value, netns, ...wanted });
  }
}

type Wanted = Pick<Attachment, "args" | "capabilityArgs">;

const NOTHING: Wanted = { args: [], capabilityArgs: {} };
