import { join } from "node:path";
import { defined, err, mapResult, ok, type Problem, type Result } from "../../../base/index.ts";
import { type DockerdPrograms, type DockerdSettings, ownBridge } from "../../../dockerd/index.ts";
import { kernelRefused } from "../../../domain/index.ts";
import { listLinks } from "../../../netlink/index.ts";
import type { ProcessChange, Service } from "../../format/actions.ts";
import type { ScenarioContainer, ScenarioHost, ScenarioNetwork } from "../../format/scenario.ts";
import { actionRefused } from "../../lab-problems.ts";
import { runAll } from "../build-topology.ts";
import {
  type AttachWish,
  type Detached,
  type HostDoor,
  hostRole,
  type Lab,
  type RunningNode,
  type Told,
} from "../lab.ts";
import { openContainer } from "../open-container.ts";
import { attachmentsOf, connectWords, type DockerAttachment, runWords } from "./container-words.ts";
import { DockerHost } from "./docker-host.ts";
import { networkWords } from "./network-words.ts";
import type { SeenContainer } from "./seen-container.ts";

/** What `docker stop` waits for a container that does not end by itself, in seconds. */
const STOP_SECONDS = "5";

/**
 * The door of Docker: networks by `docker network create -d landfall`, containers by `docker run`,
 * on a real engine that runs as the lab's host.
 */
export function dockerDoor(lab: Lab, spec: ScenarioHost, programs: DockerdPrograms): HostDoor {
  const settings = settingsFor(spec);
  const docker = new DockerHost({ lab, name: spec.name, programs, settings });
  const door = new DockerContainers({ lab, spec, docker });
  return {
    platformFor: (platform) => ({
      ...platform,
      namespaces: {
        ...platform.namespaces,
        open: (path) => platform.namespaces.open(docker.pathOutside(path)),
      },
    }),
    open: async (host, role) => {
      if (spec.networks.length + spec.containers.length === 0) return ok();
      const booted = await docker.boot(host, role);
      if (!booted.ok) return booted;
      host.keeper.moveTo({ enter: docker.booted.enter, prepare: "", path: OWN_PROGRAMS });
      return ok();
    },
    powerOff: () => docker.powerOff(),
    createNetwork: async (network) => {
      const words = networkWords(network, await docker.api());
      return words.ok ? await docker.docker(words.value) : words;
    },
    removeNetwork: (network) => docker.docker(["network", "rm", network]),
    attach: (container, wish) => door.attach(container, wish),
    detach: (container, network) => door.detach(container, network),
    change: (container, change) => door.change(container, change),
    changeService: (service, change) => door.changeService(service, change),
    linkOn: (container, network) => door.linkOn(container, network),
    [Symbol.asyncDispose]: () => docker[Symbol.asyncDispose](),
  };
}

/** Where the machine has the engine's own client. */
const OWN_PROGRAMS = "/run/bin";

function settingsFor({ networks, nameservers }: ScenarioHost): DockerdSettings {
  const hasBridge = networks.some(({ driver }) => driver === "docker-bridge");
  return {
    // Only bridges that the file names; but those as Docker has them, with its packet filter.
    ...(hasBridge ? { ...ownBridge, bridge: "none" } : {}),
    ...(nameservers.length === 0 ? {} : { dns: nameservers }),
  };
}

interface Parts {
  readonly lab: Lab;
  readonly spec: ScenarioHost;
  readonly docker: DockerHost;
}

/** The containers of one host, and the nodes of the lab that stand for them. */
class DockerContainers {
  readonly #lab: Lab;
  readonly #spec: ScenarioHost;
  readonly #docker: DockerHost;

  constructor({ lab, spec, docker }: Parts) {
    this.#lab = lab;
    this.#spec = spec;
    this.#docker = docker;
  }

  async attach(name: string, { network, ips, mac }: AttachWish): Promise<Told> {
    const spec = this.#containerOf(name);
    const wish = { network: this.#networkOf(network), ips, ...(mac === undefined ? {} : { mac }) };
    const seen = await this.#docker.inspect(name);
    if (seen?.State.Running === false) {
      // Docker would only note it for the next start; here it is a container without a network.
      const removed = await this.#docker.docker(["rm", name]);
      if (!removed.ok) return removed;
    }
    if (seen?.State.Running !== true) return await this.#run(spec, [wish]);
    const words = connectWords(name, wish);
    return words.ok ? await this.#docker.docker(words.value) : words;
  }

  async detach(name: string, network: string | undefined): Promise<Result<Detached, Problem>> {
    const seen = await this.#docker.inspect(name);
    const all = Object.keys(seen?.NetworkSettings.Networks ?? {});
    const meant = all.filter((one) => network === undefined || network === one);
    if (meant.length === 0) return ok("was not attached");
    for (const one of meant) {
      const left = await this.#docker.docker(["network", "disconnect", one, name]);
      if (!left.ok) return left;
    }
    return ok("detached");
  }

  async change(name: string, change: ProcessChange): Promise<Told> {
    const spec = this.#containerOf(name);
    const seen = await this.#docker.inspect(name);
    if (seen === undefined)
      return change === "start" ? await this.#create(spec) : noSuch(name, change);
    const wait = change === "stop" || change === "restart" ? ["--time", STOP_SECONDS] : [];
    const done = await this.#docker.docker([change, ...wait, name]);
    if (!done.ok) return done;
    if (change === "kill" || change === "stop") {
      // Docker answers a kill when the signal is sent.
      const ended = await this.#docker.docker(["wait", name]);
      if (!ended.ok) return ended;
    }
    const entered = await this.#enter(spec);
    if (!entered.ok) return entered;
    const commands = change === "start" || change === "restart" ? spec.run : [];
    return mapResult(await runAll(this.#lab.node(name), commands), () => done.value);
  }

  async changeService(service: Service, change: ProcessChange): Promise<Result<void, Problem>> {
    // A namespace that the lab holds would outlive its container, with the link in it.
    if (service === "engine" && change !== "kill") {
      for (const spec of this.#spec.containers) this.#lab.close(spec.name);
    }
    const done = await this.#docker.changeService(service, change);
    // A killed engine leaves its containers alone, until it is back.
    if (!done.ok || service === "daemon" || change === "kill") return done;
    for (const spec of this.#spec.containers) {
      const entered = await this.#enter(spec);
      if (!entered.ok) return entered;
    }
    return ok();
  }

  /**
   * By the mark of ours, or on Docker's own networks by the MAC: before Docker 29 nobody is told
   * which name a link gets.
   */
  async linkOn(name: string, network: string): Promise<string | undefined> {
    const links = this.#lab.node(name).link.dump(listLinks());
    const known = await hostRole(this.#lab, this.#spec.name).engine.listEndpoints();
    if (!links.ok || !known.ok) return undefined;
    const rows = known.value.filter((row) => row.network === network);
    const marks = new Set<string | undefined>(rows.map(({ endpoint }) => endpoint.link.alias));
    const own = links.value.find(({ alias }) => alias !== undefined && marks.has(alias));
    if (own !== undefined) return own.name;
    const seen = await this.#docker.inspect(name);
    const mac = seen?.NetworkSettings.Networks[network]?.MacAddress;
    return links.value.find((link) => link.mac === mac)?.name;
  }

  /** A container that Docker does not have yet; one without a network waits for its first. */
  async #create(spec: ScenarioContainer): Promise<Told> {
    if (spec.networks.length === 0) return ok([]);
    const asked = spec.networks.map((row) => ({ ...row, network: this.#networkOf(row.network) }));
    const attachments = attachmentsOf(spec, asked, await this.#docker.api());
    if (!attachments.ok) return attachments;
    const created = await this.#run(spec, attachments.value);
    if (!created.ok) return created;
    return mapResult(await runAll(this.#lab.node(spec.name), spec.run), () => created.value);
  }

  /** The networks in the order of the file, which so is that of the links. */
  async #run(
    spec: ScenarioContainer,
    [first, ...others]: readonly DockerAttachment[],
  ): Promise<Told> {
    const { name } = spec;
    const words = runWords(spec, defined(first, `a network of ${name}`));
    const commands = [words, ...others.map((other) => connectWords(name, other))];
    const warnings: Problem[] = [];
    for (const command of commands) {
      const done = command.ok ? await this.#docker.docker(command.value) : command;
      if (!done.ok) {
        // Docker keeps a container that did not start; nobody asked for that.
        if ((await this.#docker.inspect(name)) !== undefined) {
          await this.#docker.docker(["rm", "--force", name]);
        }
        return done;
      }
      warnings.push(...done.value);
    }
    return mapResult(await this.#enter(spec), () => warnings);
  }

  /** The node that stands for a container gets the namespace that the container has now. */
  async #enter(spec: ScenarioContainer): Promise<Result<void, Problem>> {
    const { name } = spec;
    const seen = await this.#docker.inspect(name);
    this.#lab.close(name);
    if (seen?.State.Running !== true) {
      return mapResult(openContainer(this.#lab, this.#spec.name, spec), () => undefined);
    }
    const { files } = this.#docker.booted;
    const path = join(files, `proc/${seen.State.Pid}/ns/net`);
    const netns = this.#lab.platform.namespaces.open(path);
    if (!netns.ok) return err(unreachableSandbox(name, netns.error.errno, path));
    const role = { kind: "container", host: this.#spec.name } as const;
    const node = this.#lab.adopt(name, netns.value, role);
    if (!node.ok) return node;
    this.#moveKeeper(node.value, seen);
    return ok();
  }

  /** With the machine's programs, and the names that the container knows. */
  #moveKeeper({ keeper }: RunningNode, { ResolvConfPath, HostsPath }: SeenContainer): void {
    const prepare =
      `mount --bind '${ResolvConfPath}' /etc/resolv.conf; ` +
      `mount --bind '${HostsPath}' /etc/hosts;`;
    keeper.moveTo({ enter: this.#docker.booted.enter, prepare, path: OWN_PROGRAMS });
  }

  #containerOf(name: string): ScenarioContainer {
    const spec = this.#spec.containers.find((container) => container.name === name);
    return defined(spec, `container ${name}`);
  }

  #networkOf(name: string): ScenarioNetwork {
    const spec = this.#spec.networks.find((network) => network.name === name);
    return defined(spec, `network ${name}`);
  }
}

function noSuch(name: string, change: ProcessChange): Result<never, Problem> {
  return err(actionRefused({ action: `${change} ${name}`, reason: `${name} was never started` }));
}

function unreachableSandbox(name: string, errno: string, path: string): Problem {
  const facts = { action: `open the namespace of ${name}`, errno, command: `ls -l ${path}` };
  return kernelRefused({ ...facts, message: "", attribute: undefined });
}
