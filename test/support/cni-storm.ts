/** Containers that come and go at random, and the CNI plugins that are called for them. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { lostReply } from "../../src/forward/index.ts";
import type { NetnsHandle } from "../../src/platform/index.ts";
import type { Dice } from "./dice.ts";
import { type Lan, pathOf, seenAddresses, seenLinks } from "./lan.ts";
import { enter, type ProgramHost } from "./program.ts";
import { standInsOf } from "./stand-ins.ts";

/** Two configurations that give away the same addresses, on one wire. */
const configurations = [
  { name: "blue", ifname: "eth0", mode: "bridge" },
  { name: "green", ifname: "net1", mode: "bridge" },
] as const;

type Configuration = (typeof configurations)[number];

/**
 * What a runtime knows: the answer to its last call said so, or there was none. A container is
 * "lost" when its namespace went without a call.
 */
type Known = "out" | "in" | "unanswered" | "lost";

/** One link that one container may have. */
interface Slot {
  readonly configuration: Configuration;
  readonly containerId: string;
  /** Undefined where the namespace is gone. */
  netns: NetnsHandle | undefined;
  /** What the runtime calls it, also when something else is there now. */
  readonly path: string;
  known: Known;
  /** As the result of ADD said. */
  address: string | undefined;
}

export interface PluginEnding {
  readonly exitCode: number;
  readonly stdout: string;
  readonly wasKilled: boolean;
}

/** As long as nobody was told otherwise, a call takes so many milliseconds. */
const FIRST_GUESS_MS = 400;

export interface CniStormOptions {
  readonly lan: Lan;
  readonly host: ProgramHost;
  /** The words that start the plugin `macvlan`. */
  readonly plugin: readonly string[];
  readonly dice: Dice;
  readonly containers: number;
}

export class CniStorm {
  readonly #lan: Lan;
  readonly #host: ProgramHost;
  /** What starts the plugin `macvlan`. */
  readonly #plugin: readonly string[];
  readonly #dice: Dice;
  readonly #slots: Slot[] = [];
  #born = 0;
  #usualMs = FIRST_GUESS_MS;
  /** How often each kind of step was done, for whoever wants to know that it was a storm. */
  readonly met = new Map<string, number>();

  constructor({ lan, host, plugin, dice, containers }: CniStormOptions) {
    this.#lan = lan;
    this.#host = host;
    this.#plugin = plugin;
    this.#dice = dice;
    for (let made = 0; made < containers; made++) this.#bear();
  }

  #bear(): void {
    const netns = this.#lan.sandbox();
    const containerId = `pod${this.#born++}`;
    for (const configuration of configurations) {
      const path = pathOf(netns);
      const fresh = { known: "out", address: undefined } as const;
      this.#slots.push({ configuration, containerId, netns, path, ...fresh });
    }
  }

  /** One to three things at once, each about another link. */
  async step(): Promise<void> {
    const living = this.#slots.filter(({ netns }) => netns !== undefined);
    if (this.#dice.below(8) === 0) return this.#removeNamespace(this.#dice.pick(living));
    if (this.#dice.below(8) === 0) return this.#collect();
    const lost = this.#slots.filter(({ known }) => known === "lost");
    if (lost.length > 0 && this.#dice.below(6) === 0) return this.#del(this.#dice.pick(lost));
    const slots = this.#dice.some(1 + this.#dice.below(3), living);
    const killing = this.#killStandIn();
    await Promise.all(slots.map((slot) => this.#draw(slot)));
    await killing;
  }

  /** At random, in the middle of what it does; there is none where plugins do all themselves. */
  async #killStandIn(): Promise<void> {
    const [doIt, after] = [this.#dice.below(4) === 0, this.#dice.below(100) / 100];
    if (!doIt) return;
    await Bun.sleep(this.#usualMs * after);
    for (const pid of standInsOf(this.#host.stateDirectory)) {
      process.kill(pid, "SIGKILL");
      this.#count("stand-in killed");
    }
  }

  /** Draws before it waits, so that a seed repeats as far as the machine does. */
  #draw(slot: Slot): Promise<void> {
    const isKilled = this.#dice.below(3) === 0;
    const afterMs = isKilled ? this.#usualMs * (0.2 + this.#dice.below(100) / 100) : undefined;
    return this.#dice.below(5) < 3 ? this.#add(slot, afterMs) : this.#del(slot, afterMs);
  }

  async #add(slot: Slot, afterMs?: number): Promise<void> {
    const { known } = slot;
    const ended = await this.#call("ADD", slot, { afterMs });
    if (ended.wasKilled) {
      // Whoever has the link keeps it, whatever happens to a second ADD.
      if (known !== "in") slot.known = "unanswered";
      return;
    }
    if (known === "in" || (known === "unanswered" && ended.exitCode !== 0)) {
      return expectStatus(1, ended, `a second ADD of ${slot.containerId}`);
    }
    expectStatus(0, ended, `ADD of ${slot.containerId}`);
    slot.known = "in";
    slot.address = JSON.parse(ended.stdout).ips[0].address;
  }

  async #del(slot: Slot, afterMs?: number): Promise<void> {
    const isTold = this.#dice.below(3) > 0;
    const { known } = slot;
    const ended = await this.#call("DEL", slot, { afterMs, path: isTold ? slot.path : "" });
    if (ended.wasKilled) {
      if (known === "in") slot.known = "unanswered";
      return;
    }
    expectStatus(0, ended, `DEL of ${slot.containerId}`);
    slot.known = "out";
    if (slot.netns === undefined) this.#forget([slot]);
  }

  /** The container is gone, and nobody said DEL; another one comes. */
  #removeNamespace({ netns }: Slot): void {
    this.#count("namespace removed");
    for (const slot of this.#slots.filter((other) => other.netns === netns)) {
      slot.netns = undefined;
      if (slot.known === "out") this.#forget([slot]);
      else slot.known = "lost";
    }
    netns?.close();
    this.#bear();
  }

  #forget(gone: readonly Slot[]): void {
    for (const slot of gone) this.#slots.splice(this.#slots.indexOf(slot), 1);
  }

  /** GC of both configurations: what lives is valid, and what was not answered may be. */
  async #collect(): Promise<void> {
    for (const configuration of configurations) {
      const own = this.#slots.filter((slot) => slot.configuration === configuration);
      const valid = own.filter(({ known }) => known === "in" || known === "unanswered");
      await this.#gc(configuration, valid);
      this.#forget(own.filter(({ known }) => known === "lost"));
    }
  }

  async #gc(configuration: Configuration, valid: readonly Slot[]): Promise<void> {
    const attachments = valid.map(({ containerId }) => ({
      ...{ containerID: containerId, ifname: configuration.ifname },
    }));
    const ended = await this.#run("GC", configuration, {
      stdin: { "cni.dev/valid-attachments": attachments },
      variables: {},
    });
    expectStatus(0, ended, `GC of ${configuration.name}`);
  }

  #call(
    command: "ADD" | "DEL",
    { configuration, containerId, path: known }: Slot,
    { afterMs, path = known }: { readonly afterMs?: number | undefined; readonly path?: string },
  ): Promise<PluginEnding> {
    const variables = {
      ...{ CNI_CONTAINERID: containerId, CNI_IFNAME: configuration.ifname },
      ...(path === "" ? {} : { CNI_NETNS: path }),
    };
    return this.#run(command, configuration, { stdin: {}, variables, afterMs });
  }

  async #run(
    command: string,
    { name, mode }: Configuration,
    more: {
      readonly stdin: object;
      readonly variables: Readonly<Record<string, string>>;
      readonly afterMs?: number | undefined;
    },
  ): Promise<PluginEnding> {
    const pool = { subnet: "10.0.0.0/24", rangeStart: "10.0.0.100", rangeEnd: "10.0.0.119" };
    const dataDir = join(this.#host.stateDirectory, "networks");
    const ipam = { type: "host-local", ranges: [[{ ...pool, gateway: "10.0.0.1" }]], dataDir };
    const common = { cniVersion: "1.1.0", name, type: "macvlan", master: "p0", mode, ipam };
    const env = {
      ...{ PATH: process.env.PATH ?? "", CNI_COMMAND: command, CNI_PATH: "/opt/cni/bin" },
      LANDFALL_STATE_DIR: this.#host.stateDirectory,
      LANDFALL_RUN_DIR: join(this.#host.stateDirectory, "run"),
      ...more.variables,
    };
    const begun = performance.now();
    const child = Bun.spawn([...enter(this.#lan.host), ...this.#plugin], {
      ...{ env, stdin: Buffer.from(JSON.stringify({ ...common, ...more.stdin })) },
      ...{ stdout: "pipe", stderr: "inherit" },
    });
    const { afterMs } = more;
    const killing = afterMs === undefined ? undefined : setTimeout(() => child.kill(9), afterMs);
    const [exitCode, stdout] = await Promise.all([child.exited, new Response(child.stdout).text()]);
    clearTimeout(killing);
    // To whoever called a stand-in that was killed, nobody answered.
    const wasKilled = child.signalCode !== null || stdout === lostReply().stdout;
    this.#count(wasKilled ? `${command} killed` : `${command} ${exitCode}`);
    if (!wasKilled) this.#usualMs = (this.#usualMs * 3 + performance.now() - begun) / 4;
    return { exitCode, stdout, wasKilled };
  }

  #count(what: string): void {
    this.met.set(what, (this.met.get(what) ?? 0) + 1);
  }

  /** Ends what was not answered, as a runtime does, and has all that is lost collected. */
  async settle(): Promise<void> {
    for (const slot of this.#slots.filter(({ known }) => known === "unanswered")) {
      await this.#del(slot);
    }
    await this.#collect();
  }

  /** The runtime forgets everything. */
  async forgetAll(): Promise<void> {
    for (const configuration of configurations) await this.#gc(configuration, []);
    for (const slot of this.#slots) slot.known = "out";
  }

  /** What there should be: "pod1 eth0 10.0.0.100/24". */
  expected(): readonly string[] {
    const attached = this.#slots.filter(({ known }) => known === "in");
    return attached.map((slot) => describe(slot, `${slot.address}`)).toSorted();
  }

  /** What `ip` shows in the namespaces. */
  seen(): readonly string[] {
    return this.#slots
      .flatMap((slot) => {
        const { netns, configuration } = slot;
        const links = netns === undefined ? [] : seenLinks(netns);
        const own = links.filter(({ ifname }) => ifname === configuration.ifname);
        const all = own.length === 0 || netns === undefined ? [] : [netns];
        return all.map((there) =>
          describe(slot, seenAddresses(there, configuration.ifname).join(" ")),
        );
      })
      .toSorted();
  }

  /** How many links there are that no container should have. */
  strayLinks(): readonly string[] {
    const names: readonly string[] = configurations.map(({ ifname }) => ifname);
    const places = new Set(this.#slots.flatMap(({ netns }) => netns ?? []));
    return [...places].flatMap((netns) =>
      seenLinks(netns).flatMap(({ ifname }) => (names.includes(ifname) ? [] : [ifname])),
    );
  }

  /** What the files of host-local say, in the same words. */
  files(): readonly string[] {
    return configurations
      .flatMap(({ name }) => {
        const directory = join(this.#host.stateDirectory, "networks", name);
        const names = existsSync(directory) ? readdirSync(directory) : [];
        const addresses = names.filter((file) => /^\d+\.\d+\.\d+\.\d+$/.test(file));
        return addresses.map((address) => {
          const holder = readFileSync(join(directory, address), "utf8").split("\r\n").join(" ");
          return `${holder} ${address}/24`;
        });
      })
      .toSorted();
  }
}

function describe({ containerId, configuration }: Slot, addresses: string): string {
  return `${containerId} ${configuration.ifname} ${addresses}`;
}

function expectStatus(status: 0 | 1, { exitCode, stdout }: PluginEnding, what: string): void {
  if (exitCode !== status) throw new Error(`${what} ended with ${exitCode}: ${stdout}`);
}
