import { collect, err, mapResult, ok, type Problem, type Result } from "../base/index.ts";
import { type Action, carryOut } from "./carry-out.ts";
import type { InstallPorts } from "./ports.ts";
import { daemonByHand, systemdAbsent } from "./problems.ts";
import { openSite, type Site } from "./site.ts";
import { DOCKER_SOCKET, isSealed, type Unit, unitsFor } from "./units.ts";
import { shellWord } from "./words.ts";

/** Whether it is done, or only said. */
export type InstallEffect = "done" | "dry-run";

/** What somebody wants installed or uninstalled. */
export interface InstallRequest {
  readonly effect: InstallEffect;
  /** The root directory of a system that does not run; absent: this machine. */
  readonly root?: string;
}

/** One thing that was done or found, or would be, in order. */
export interface InstallStep {
  readonly step: UnitStep | "ran" | "answers" | "saved" | "restored";
  /** A file, a command line, or the socket that answers. */
  readonly what: string;
}

/** "kept": a person changed it. */
export type UnitStep = "created" | "replaced" | "unchanged" | "kept" | "removed" | "absent";

/** What became of it. */
export interface InstallReport {
  readonly subject: "docker" | "cni";
  readonly event: "installed" | "uninstalled";
  readonly effect: InstallEffect;
  readonly steps: readonly InstallStep[];
}

type Reported = Promise<Result<InstallReport, Problem>>;

/**
 * Makes the daemon a service of systemd, with a socket where Docker finds it, starts it, and greets
 * it. With a root directory units are put in place and enabled there, and nothing runs.
 * Errors: LF-INSTALL-NO-SYSTEMD, LF-INSTALL-RUNNING, LF-INSTALL-FILE, LF-INSTALL-SYSTEMCTL,
 * LF-INSTALL-SILENT; after each of them everything is as it was before.
 */
export async function installDocker(request: InstallRequest, ports: InstallPorts): Reported {
  const { effect, root } = request;
  if (root === undefined && ports.isBooted() === "no") {
    return err(systemdAbsent({ program: shellWord(ports.program) }));
  }
  const site = openSite(root, ports);
  const planned = planInstall(site, unitsFor(programBelow(root, ports.program)));
  if (!planned.ok) return planned;
  if (effect === "done" && (await hasStranger(site))) {
    return err(daemonByHand({ socket: DOCKER_SOCKET }));
  }
  return await finish("installed", { effect, site, actions: planned.value });
}

/**
 * Stops the service and takes away what `installDocker` made and nobody changed since. The state is
 * kept. Errors: LF-INSTALL-FILE, LF-INSTALL-SYSTEMCTL; after each everything is as it was before.
 */
export async function uninstallDocker(request: InstallRequest, ports: InstallPorts): Reported {
  const { effect, root } = request;
  const site = openSite(root, ports);
  const planned = planUninstall(site, unitsFor(ports.program));
  if (!planned.ok) return planned;
  return await finish("uninstalled", { effect, site, actions: planned.value });
}

/** A program inside the other system has another name there. */
function programBelow(root: string | undefined, path: string): string {
  const base = root === undefined ? "/" : `${root.replace(/\/+$/, "")}/`;
  return path.startsWith(base) ? path.slice(base.length - 1) : path;
}

interface Work {
  readonly effect: InstallEffect;
  readonly site: Site;
  readonly actions: readonly Action[];
}

async function finish(event: InstallReport["event"], work: Work): Reported {
  const { effect, site, actions } = work;
  const steps = actions.map((action) => stepOf(action, site));
  const done = effect === "done" ? await carryOut(actions, site) : ok();
  return mapResult(done, () => ({ subject: "docker", event, effect, steps }));
}

function stepOf(action: Action, site: Site): InstallStep {
  switch (action.kind) {
    case "unit":
      return { step: action.step, what: action.path };
    case "systemctl":
      return { step: "ran", what: site.commandOf(action.args).map(shellWord).join(" ") };
    default:
      return { step: "answers", what: action.socket };
  }
}

function planInstall(site: Site, units: readonly Unit[]): Result<readonly Action[], Problem> {
  const files = collect(
    units.map((unit) => mapResult(site.read(unit.name), (old) => written(site, unit, old))),
  );
  if (!files.ok) return files;
  const names = units.map(({ name }) => name);
  const isNew = files.value.some(({ step }) => step === "created" || step === "replaced");
  const verb = files.value.some(({ step }) => step === "replaced") ? "restart" : "start";
  const enable: Action = { kind: "systemctl", args: ["enable", ...names] };
  if (site.state === "asleep") return ok([...files.value, enable]);
  return ok([
    ...files.value,
    ...(isNew ? [reload] : []),
    enable,
    { kind: "systemctl", args: [verb, ...names] },
    { kind: "greet", socket: DOCKER_SOCKET },
  ]);
}

const reload: Action = { kind: "systemctl", args: ["daemon-reload"] };

type UnitAction = Extract<Action, { readonly kind: "unit" }>;

function written(site: Site, { name, text }: Unit, old: string | undefined): UnitAction {
  const unit = { kind: "unit", name, path: site.pathOf(name) } as const;
  if (old === undefined) return { ...unit, step: "created", text };
  if (old === text) return { ...unit, step: "unchanged" };
  return isSealed(old) ? { ...unit, step: "replaced", text } : { ...unit, step: "kept" };
}

function planUninstall(site: Site, units: readonly Unit[]): Result<readonly Action[], Problem> {
  const files = collect(
    units.map(({ name }) => mapResult(site.read(name), (old) => removed(site, name, old))),
  );
  if (!files.ok || files.value.every(({ step }) => step === "absent")) return files;
  const there = files.value.flatMap(({ step, name }) => (step === "absent" ? [] : [name]));
  const now = site.state === "awake" ? ["--now"] : [];
  const disable: Action = { kind: "systemctl", args: ["disable", ...now, ...there] };
  return ok([disable, ...files.value, ...(site.state === "awake" ? [reload] : [])]);
}

function removed(site: Site, name: string, old: string | undefined): UnitAction {
  const unit = { kind: "unit", name, path: site.pathOf(name) } as const;
  if (old === undefined) return { ...unit, step: "absent" };
  return { ...unit, step: isSealed(old) ? "removed" : "kept" };
}

/** systemd would take the socket away from a daemon that it did not start. */
async function hasStranger(site: Site): Promise<boolean> {
  if (site.state === "asleep" || (await site.is("is-active")) === "yes") return false;
  return (await site.ports.greet(DOCKER_SOCKET)).kind === "driver";
}
