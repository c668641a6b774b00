import { join } from "node:path";
import { z } from "zod";
import { err, ok, type Problem, type Result } from "../../../base/index.ts";
import { openDockerDoor } from "../../../daemon/index.ts";
import { dockerPlugin, type Listener as PluginListener } from "../../../docker/index.ts";
import {
  type BootedMachine,
  type Dockerd,
  type DockerdPrograms,
  type DockerdSettings,
  type DockerMachine,
  openDockerd,
  openDockerMachine,
} from "../../../dockerd/index.ts";
import type { Listener } from "../../../door/index.ts";
import type { ProcessChange, Service } from "../../format/actions.ts";
import { dockerRefused } from "../../lab-problems.ts";
import type { HostRole, Lab, RunningNode, Told } from "../lab.ts";
import { readContainer, type SeenContainer } from "./seen-container.ts";

const version = z.object({ ApiVersion: z.string().regex(/^1\.\d+$/) });

/** What a host with Docker is made from. */
export interface DockerHostOptions {
  readonly lab: Lab;
  readonly name: string;
  readonly programs: DockerdPrograms;
  readonly settings: DockerdSettings;
}

/** What runs since the last boot. */
interface Running {
  readonly role: HostRole;
  readonly booted: BootedMachine;
  readonly dockerd: Dockerd;
  plugin: Plugin | undefined;
}

interface Plugin {
  readonly door: Listener;
  readonly ending: AbortController;
}

/**
 * Docker on one host of a lab: an engine on a machine of its own, in the host's network namespace,
 * and the plugin in this process, as the daemon serves it. The machine's disk outlives boots.
 */
export class DockerHost implements AsyncDisposable {
  readonly #options: DockerHostOptions;
  #machine: DockerMachine | undefined;
  #running: Running | undefined;
  /** What the plugin said since the last command. */
  #refused: Problem[] = [];
  #warned: Problem[] = [];
  #bug: Error | undefined;
  #api: number | undefined;

  constructor(options: DockerHostOptions) {
    this.#options = options;
  }

  /** Starts machine, plugin and engine, in this order: an engine waits for its plugins. */
  async boot({ netns }: RunningNode, role: HostRole): Promise<Result<void, Problem>> {
    const { programs, settings, lab } = this.#options;
    const machine = this.#machine ? ok(this.#machine) : await openDockerMachine();
    if (!machine.ok) return machine;
    this.#machine = machine.value;
    const booted = await machine.value.boot(`/proc/${process.pid}/fd/${netns.fd}`, programs);
    if (!booted.ok) return booted;
    const parts = { machine: machine.value, booted: booted.value, programs, settings };
    const dockerd = openDockerd({ ...parts, signal: lab.signal });
    this.#running = { role, booted: booted.value, dockerd, plugin: undefined };
    const served = await this.changeService("daemon", "start");
    if (!served.ok) return served;
    const started = await dockerd.start();
    return started.ok ? await dockerd.importImage() : started;
  }

  /** All processes and mounts are gone at once. */
  async powerOff(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    await this.#endPlugin(running);
    this.#running = undefined;
    // Killed together with its machine, it takes a second more to die.
    await running.dockerd.end("KILL");
    await running.booted[Symbol.asyncDispose]();
  }

  /** Where a path of the machine is found from outside; nowhere while the machine is off. */
  pathOutside(path: string): string {
    const files = this.#running?.booted.files ?? "/dev/null";
    // A link to /run, which from outside would lead to the real machine's.
    return join(files, path.replace(/^\/var\/run\//, "/run/"));
  }

  get booted(): BootedMachine {
    return this.#up().booted;
  }

  /** The minor version of the engine's API. */
  async api(): Promise<number> {
    this.#api ??= await this.#askVersion();
    return this.#api;
  }

  async #askVersion(): Promise<number> {
    const { body } = await this.#up().dockerd.ask("/version");
    return Number(version.parse(body).ApiVersion.slice("1.".length));
  }

  /**
   * Runs the engine's own `docker`, whose words are those that people type, on every version alike.
   * Where the plugin refused, its Problem is the answer; else Docker's words are.
   */
  async docker(words: readonly string[]): Promise<Told> {
    this.#refused = [];
    this.#warned = [];
    const { status, stdout, stderr } = await this.#up().dockerd.docker(...words);
    if (this.#bug !== undefined) throw this.#bug;
    if (status === 0) return ok(this.#warned);
    const told = this.#refused.findLast(({ code }) => stderr.includes(code));
    const output = `${stderr} ${stdout}`.trim();
    const command = ["docker", ...words].join(" ");
    return err(told ?? dockerRefused({ command, host: this.#options.name, output }));
  }

  /** Undefined where the engine has no such container, or does not run. */
  async inspect(container: string): Promise<SeenContainer | undefined> {
    const asked = this.#running?.dockerd.ask(`/containers/${container}/json`);
    const answer = await asked?.catch(() => undefined);
    return answer?.status === 200 ? readContainer(answer.body, container) : undefined;
  }

  async changeService(service: Service, change: ProcessChange): Promise<Result<void, Problem>> {
    const running = this.#up();
    if (service === "daemon") {
      if (change !== "start") await this.#endPlugin(running);
      return change === "start" || change === "restart" ? await this.#serve(running) : ok();
    }
    if (change !== "start") await running.dockerd.end(change === "kill" ? "KILL" : "TERM");
    return change === "start" || change === "restart" ? await running.dockerd.start() : ok();
  }

  /** As a daemon that was just started: with an engine of its own on the host's book. */
  async #serve(running: Running): Promise<Result<void, Problem>> {
    if (running.plugin !== undefined) return ok();
    const engine = running.role.openEngine();
    const { clock, random } = this.#options.lab.platform;
    const parts = { engine, handover: engine.handover, clock, random };
    const { fetch } = dockerPlugin({ ...parts, listener: this.#listener() });
    const ending = new AbortController();
    const directory = join(running.booted.files, "run/docker/plugins");
    const socket = join(directory, "landfall.sock");
    const service = { socket, demand: "required", fetch } as const;
    const door = await openDockerDoor(service, directory, ending.signal);
    if (!door.ok) return door;
    running.plugin = { door: door.value, ending };
    return ok();
  }

  async #endPlugin(running: Running): Promise<void> {
    running.plugin?.ending.abort();
    await running.plugin?.door.stop();
    running.plugin = undefined;
  }

  #listener(): PluginListener {
    return {
      bug: (error) => {
        this.#bug = error;
      },
      refused: (problem) => this.#refused.push(problem),
      warned: (problem) => this.#warned.push(problem),
    };
  }

  #up(): Running {
    if (this.#running === undefined) throw new Error("a host that is off does nothing");
    return this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.powerOff();
    await this.#machine?.[Symbol.asyncDispose]();
  }
}
