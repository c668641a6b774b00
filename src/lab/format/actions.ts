import {
  type Ip,
  type Mac,
  type Prefix,
  parseIp,
  parseMac,
  parsePrefix,
  prefixVersion,
} from "../../addr/index.ts";
import { err, type Millis, millis, ok, type Result, unreachable } from "../../base/index.ts";

/** Something that a scenario does to its lab. Names are those of the file. */
export type Action =
  | {
      readonly kind: "attach";
      readonly container: string;
      readonly network: string;
      readonly ips: readonly Ip[];
      readonly mac?: Mac;
    }
  | { readonly kind: "detach"; readonly container: string; readonly network?: string }
  | {
      readonly kind: "link";
      readonly link: string;
      readonly node: string;
      readonly change: LinkChange;
    }
  | {
      readonly kind: "network";
      readonly network: string;
      readonly host: string;
      readonly change: NetworkChange;
    }
  | {
      readonly kind: "service";
      readonly service: Service;
      readonly host: string;
      readonly change: ProcessChange;
    }
  | { readonly kind: "container"; readonly container: string; readonly change: ProcessChange }
  | { readonly kind: "host"; readonly host: string; readonly change: HostChange }
  | { readonly kind: "advertise"; readonly prefix: Prefix; readonly machine: string }
  | { readonly kind: "run"; readonly command: string; readonly node: string }
  | { readonly kind: "wait"; readonly duration: Millis }
  /** Without `node`: on every node. */
  | { readonly kind: "flush-neighbours"; readonly node?: string };

export type LinkChange =
  | { readonly kind: "up" }
  | { readonly kind: "down" }
  | { readonly kind: "delete" }
  /** Plugged in as the file says, by a new wire. */
  | { readonly kind: "plug" }
  | { readonly kind: "mtu"; readonly mtu: number };

/** `set` is `landfall net set`: what is left out stays. */
export type NetworkChange =
  | { readonly kind: "create" | "remove" }
  | { readonly kind: "set"; readonly mode?: string; readonly sources: readonly Mac[] };

/** What runs on a host for its containers: Landfall's daemon, and Docker's engine. */
const services = ["daemon", "engine"] as const;
export type Service = (typeof services)[number];

/**
 * `kill` is SIGKILL, with no chance to tidy up: of a container the processes and the namespace go,
 * and nobody is told. `start` of a container: as the file says.
 */
export type ProcessChange = "kill" | "start" | "stop" | "restart";

/** `reboot`: all of it is gone and comes back as the file says, but for containers and book. */
export type HostChange = "reboot" | "reconcile";

/** The sentences of the language, by their first word. */
const forms = {
  attach: "attach CONTAINER to NETWORK [ip ADDRESS]... [mac MAC]",
  detach: "detach CONTAINER [from NETWORK]",
  link: "link LINK up|down|delete|plug|mtu N on NODE",
  create: "create network NETWORK on HOST",
  remove: "remove network NETWORK on HOST",
  set: "set network NETWORK on HOST [mode MODE] [source MAC]...",
  kill: "kill CONTAINER, or kill daemon|engine on HOST",
  start: "start CONTAINER, or start daemon|engine on HOST",
  stop: "stop CONTAINER, or stop daemon|engine on HOST",
  restart: "restart CONTAINER, or restart daemon|engine on HOST",
  reboot: "reboot HOST",
  reconcile: "reconcile HOST",
  advertise: "advertise PREFIX from MACHINE",
  run: 'run "COMMAND" on NODE',
  wait: "wait N ms",
  flush: "flush neighbours [on NODE]",
} as const;

/** Longest pause a scenario may ask for, in milliseconds; a longer one tests only patience. */
const waitMax = 600_000;

/**
 * Reads one action, such as `attach c3 to lan ip 10.0.0.9`. A command stands in double quotes, with
 * `\"` and `\\` inside. The error is one line that shows the form that was probably meant.
 */
export function parseAction(text: string): Result<Action, string> {
  const words = tokenize(text);
  const [verb = ""] = words;
  if (!isVerb(verb)) {
    return err(`"${text}" is not an action; actions begin with ${Object.keys(forms).join(", ")}`);
  }
  const action = parseWords(words);
  return action === undefined
    ? err(`"${text}" does not read as an action; the form is: ${forms[verb]}`)
    : ok(action);
}

/** The text that `parseAction` reads as this action. */
export function formatAction(action: Action): string {
  switch (action.kind) {
    case "attach": {
      const ips = action.ips.map((ip) => ` ip ${ip}`).join("");
      const mac = action.mac === undefined ? "" : ` mac ${action.mac}`;
      return `attach ${action.container} to ${action.network}${ips}${mac}`;
    }
    case "detach":
      return `detach ${action.container}${suffix("from", action.network)}`;
    case "link":
      return `link ${action.link} ${formatLinkChange(action.change)} on ${action.node}`;
    case "network": {
      const { network, host, change } = action;
      return `${change.kind} network ${network} on ${host}${formatSet(change)}`;
    }
    case "service":
      return `${action.change} ${action.service} on ${action.host}`;
    case "container":
      return `${action.change} ${action.container}`;
    case "host":
      return `${action.change} ${action.host}`;
    case "advertise":
      return `advertise ${action.prefix} from ${action.machine}`;
    case "run":
      return `run "${action.command.replaceAll(/["\\]/g, "\\$&")}" on ${action.node}`;
    case "wait":
      return `wait ${action.duration} ms`;
    case "flush-neighbours":
      return `flush neighbours${suffix("on", action.node)}`;
    default:
      return unreachable(action);
  }
}

function suffix(word: string, value: string | undefined): string {
  return value === undefined ? "" : ` ${word} ${value}`;
}

function formatLinkChange(change: LinkChange): string {
  return change.kind === "mtu" ? `mtu ${change.mtu}` : change.kind;
}

function formatSet(change: NetworkChange): string {
  if (change.kind !== "set") return "";
  return suffix("mode", change.mode) + change.sources.map((mac) => ` source ${mac}`).join("");
}

function isVerb(word: string): word is keyof typeof forms {
  return Object.hasOwn(forms, word);
}

/** Words; a quoted text is one, without its escapes but with its opening quote as a mark. */
function tokenize(text: string): readonly string[] {
  return [...text.matchAll(/"((?:[^"\\]|\\.)*)"|\S+/gs)].map(([token, quoted]) => {
    if (quoted !== undefined) return `"${quoted.replaceAll(/\\(.)/gs, "$1")}`;
    // A quote that never ends is no mark.
    return token.startsWith('"') ? `unended ${token}` : token;
  });
}

function parseWords(words: readonly string[]): Action | undefined {
  const [verb, first, second, third] = words;
  switch (verb) {
    case "attach":
      return parseAttach(words);
    case "detach":
      if (!isName(first)) return undefined;
      if (words.length === 2) return { kind: "detach", container: first };
      return words.length === 4 && second === "from" && isName(third)
        ? { kind: "detach", container: first, network: third }
        : undefined;
    case "link":
      return parseLink(words);
    case "create":
    case "remove":
    case "set":
      return parseNetwork(words, verb);
    case "kill":
    case "start":
    case "stop":
    case "restart":
      if (words.length !== 2) return parseService(words, verb);
      return isName(first) ? { kind: "container", container: first, change: verb } : undefined;
    case "reboot":
    case "reconcile":
      return words.length === 2 && isName(first)
        ? { kind: "host", host: first, change: verb }
        : undefined;
    case "advertise":
      return parseAdvertise(words);
    case "run":
      return words.length === 4 && first?.startsWith('"') && second === "on" && isName(third)
        ? { kind: "run", command: first.slice(1), node: third }
        : undefined;
    case "wait": {
      const duration = parseCount(first, waitMax);
      return words.length === 3 && duration !== undefined && second === "ms"
        ? { kind: "wait", duration: millis(duration) }
        : undefined;
    }
    case "flush":
      if (first !== "neighbours") return undefined;
      if (words.length === 2) return { kind: "flush-neighbours" };
      return words.length === 4 && second === "on" && isName(third)
        ? { kind: "flush-neighbours", node: third }
        : undefined;
    default:
      return undefined;
  }
}

function parseService(words: readonly string[], change: ProcessChange): Action | undefined {
  const [, word, on, host] = words;
  const service = services.find((one) => one === word);
  return words.length === 4 && service !== undefined && on === "on" && isName(host)
    ? { kind: "service", service, host, change }
    : undefined;
}

/** Routers advertise IPv6 prefixes only. */
function parseAdvertise(words: readonly string[]): Action | undefined {
  const [, text, from, machine] = words;
  const prefix = parsePrefix(text);
  if (!prefix.ok || prefixVersion(prefix.value) !== 6) return undefined;
  return words.length === 4 && from === "from" && isName(machine)
    ? { kind: "advertise", prefix: prefix.value, machine }
    : undefined;
}

function parseAttach(words: readonly string[]): Action | undefined {
  const [, container, to, network, ...options] = words;
  if (!isName(container) || to !== "to" || !isName(network)) return undefined;
  const ips: Ip[] = [];
  let mac: Mac | undefined;
  for (let index = 0; index < options.length; index += 2) {
    const [key, value] = options.slice(index, index + 2);
    const ip = key === "ip" ? parseIp(value) : undefined;
    const parsedMac = key === "mac" && mac === undefined ? parseMac(value) : undefined;
    if (ip?.ok) ips.push(ip.value);
    else if (parsedMac?.ok) mac = parsedMac.value;
    else return undefined;
  }
  return { kind: "attach", container, network, ips, ...(mac === undefined ? {} : { mac }) };
}

function parseNetwork(words: readonly string[], kind: NetworkChange["kind"]): Action | undefined {
  const [, noun, network, on, host, ...options] = words;
  if (noun !== "network" || on !== "on" || !isName(network) || !isName(host)) return undefined;
  const of = { kind: "network", network, host } as const;
  if (kind !== "set") return options.length === 0 ? { ...of, change: { kind } } : undefined;
  const sources: Mac[] = [];
  let mode: string | undefined;
  for (let index = 0; index < options.length; index += 2) {
    const [key, value] = options.slice(index, index + 2);
    const mac = key === "source" ? parseMac(value) : undefined;
    if (mac?.ok) sources.push(mac.value);
    else if (key === "mode" && mode === undefined && isName(value)) mode = value;
    else return undefined;
  }
  if (options.length === 0) return undefined;
  return { ...of, change: { kind, sources, ...(mode === undefined ? {} : { mode }) } };
}

function parseLink(words: readonly string[]): Action | undefined {
  const [, link, verb, ...rest] = words;
  const mtu = verb === "mtu" ? parseCount(rest[0], 65_535) : undefined;
  const [on, node, ...more] = verb === "mtu" ? rest.slice(1) : rest;
  if (!isName(link) || on !== "on" || !isName(node) || more.length > 0) return undefined;
  switch (verb) {
    case "up":
    case "down":
    case "delete":
    case "plug":
      return { kind: "link", link, node, change: { kind: verb } };
    case "mtu":
      return mtu === undefined
        ? undefined
        : { kind: "link", link, node, change: { kind: "mtu", mtu } };
    default:
      return undefined;
  }
}

function isName(word: string | undefined): word is string {
  return word !== undefined && /^[A-Za-z0-9_.-]+$/.test(word);
}

function parseCount(word: string | undefined, max: number): number | undefined {
  if (word === undefined || !/^(0|[1-9][0-9]{0,8})$/.test(word)) return undefined;
  const count = Number(word);
  return count <= max ? count : undefined;
}
