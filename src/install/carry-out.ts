import { err, ok, type Problem, type Result, unreachable } from "../base/index.ts";
import { pluginSilent } from "./problems.ts";
import type { Site } from "./site.ts";

/** One thing to do. */
export type Action =
  | {
      readonly kind: "unit";
      readonly name: string;
      readonly path: string;
      readonly step: "unchanged" | "kept" | "absent" | "removed";
    }
  | {
      readonly kind: "unit";
      readonly name: string;
      readonly path: string;
      readonly step: "created" | "replaced";
      readonly text: string;
    }
  | { readonly kind: "systemctl"; readonly args: readonly [verb: string, ...string[]] }
  | { readonly kind: "greet"; readonly socket: string };

/**
 * Does one after the other. When one fails everything is put back as it was; what could not be put
 * back is a cause of the Problem. Errors: LF-INSTALL-FILE, LF-INSTALL-SYSTEMCTL, LF-INSTALL-SILENT.
 */
export async function carryOut(
  actions: readonly Action[],
  site: Site,
): Promise<Result<void, Problem>> {
  const before = await lookAround(actions, site);
  if (!before.ok) return before;
  for (const [index, action] of actions.entries()) {
    const done = await carry(action, site);
    if (done.ok) continue;
    const causes = await putBack(actions.slice(0, index + 1), before.value, site);
    return causes.length === 0 ? done : err({ ...done.error, causes });
  }
  return ok();
}

async function carry(action: Action, site: Site): Promise<Result<void, Problem>> {
  switch (action.kind) {
    case "unit":
      if (action.step === "removed") return site.write(action.name, undefined);
      return "text" in action ? site.write(action.name, action.text) : ok();
    case "systemctl":
      return await site.systemctl(action.args);
    case "greet": {
      const greeting = await site.ports.greet(action.socket);
      if (greeting.kind === "driver") return ok();
      return err(pluginSilent({ socket: action.socket, reason: greeting.reason }));
    }
    default:
      return unreachable(action);
  }
}

/** What there was before anything was done. */
interface Before {
  readonly texts: ReadonlyMap<string, string | undefined>;
  readonly enabled: "yes" | "no";
  readonly active: "yes" | "no";
}

async function lookAround(
  actions: readonly Action[],
  site: Site,
): Promise<Result<Before, Problem>> {
  const texts = new Map<string, string | undefined>();
  for (const action of actions) {
    if (action.kind !== "unit") continue;
    const text = site.read(action.name);
    if (!text.ok) return text;
    texts.set(action.name, text.value);
  }
  const active = site.state === "awake" ? await site.is("is-active") : "no";
  return ok({ texts, active, enabled: await site.is("is-enabled") });
}

/** Undoes what was begun, goes on after a failure, and returns them all. */
async function putBack(
  begun: readonly Action[],
  { texts, enabled, active }: Before,
  site: Site,
): Promise<readonly Problem[]> {
  const verbs = begun.flatMap((action) => (action.kind === "systemctl" ? [action.args[0]] : []));
  const began = (...any: readonly string[]): boolean => any.some((verb) => verbs.includes(verb));
  const names = [...texts.keys()];
  const former = names.filter((name) => texts.get(name) !== undefined);
  const done: Result<void, Problem>[] = [];
  const run = async (...args: readonly string[]): Promise<void> => {
    done.push(await site.systemctl(args));
  };
  // While the files are there: systemd neither stops nor disables what it cannot find.
  if (began("start", "restart") && active === "no") await run("stop", ...names);
  if (began("enable") && enabled === "no") await run("disable", ...names);
  for (const action of begun) {
    if (action.kind !== "unit" || !changing.includes(action.step)) continue;
    done.push(site.write(action.name, texts.get(action.name)));
  }
  if (began("daemon-reload")) await run("daemon-reload");
  if (began("disable") && enabled === "yes") await run("enable", ...former);
  if (began("restart", "disable") && active === "yes") await run("restart", ...former);
  return done.flatMap((result) => (result.ok ? [] : [result.error]));
}

const changing: readonly string[] = ["created", "replaced", "removed"];
