import type { Message, MessageTerm } from "@optique/core/message";
import type { Suggestion } from "@optique/core/parser";
import type { ValueParser } from "@optique/core/valueparser";
import {
  type Ip,
  type IpRange,
  type Mac,
  type Prefix,
  parseIp,
  parseMac,
  parsePrefix,
  parseRange,
} from "../../addr/index.ts";
import { err, mapResult, ok, type Problem, type Result } from "../../base/index.ts";
import {
  type EndpointId,
  type ExtraRoute,
  type IfName,
  type Mtu,
  type NetworkName,
  parseIfName,
  parseMtu,
  parseNetworkName,
  parseVlanTag,
  parseWorkloadName,
  type Reservation,
  type SegmentName,
  type VlanTag,
  type WorkloadName,
} from "../../domain/index.ts";
import type { SandboxWish } from "../command.ts";

/** A parser of one value of the command line. */
export type Value<T> = ValueParser<"sync", T>;

/**
 * Optique carries messages, we carry Problems: the term that holds the words also holds the
 * Problem. Optique copies terms by spreading, which keeps it (held by a test).
 */
interface ProblemTerm {
  readonly type: "text";
  readonly text: string;
  readonly problem: Problem;
}

/** Why a value was refused: a Problem of its parser, or words that become part of LF-USAGE. */
type Refusal = Problem | string;

function refusalMessage(refusal: Refusal): Message {
  if (typeof refusal === "string") return [{ type: "text", text: refusal }];
  const term: ProblemTerm = { type: "text", text: refusal.detail, problem: refusal };
  return [term];
}

/** The Problem of the value parser that refused, when the message comes from one. */
export function problemIn(message: Message): Problem | undefined {
  return message.find(isProblemTerm)?.problem;
}

function isProblemTerm(term: MessageTerm): term is MessageTerm & ProblemTerm {
  return "problem" in term;
}

/** What a parser of one value is made of. */
interface ValueSpec<T> {
  /** Stands for the value in help. */
  readonly metavar: Value<T>["metavar"];
  readonly parse: (text: string) => Result<T, Refusal>;
  readonly suggest?: (prefix: string) => Iterable<Suggestion>;
}

/** A value read by one of the parsers of addr, domain or this file. */
export function parsedBy<T>({ metavar, parse, suggest }: ValueSpec<T>): Value<T> {
  return {
    mode: "sync",
    metavar,
    // Only read while interactive prompts are pending, of which there are none.
    placeholder: undefined as T,
    parse: (text) => {
      const result = parse(text);
      if (result.ok) return { success: true, value: result.value };
      return { success: false, error: refusalMessage(result.error) };
    },
    format: String,
    ...(suggest === undefined ? {} : { suggest }),
  };
}

export const networkName: Value<NetworkName> = parsedBy({
  metavar: "NAME",
  parse: parseNetworkName,
});
export const networkRef: Value<NetworkName> = parsedBy({
  metavar: "NETWORK",
  parse: parseNetworkName,
});
export const linkName: Value<IfName> = parsedBy({ metavar: "LINK", parse: parseIfName });
export const ifname: Value<IfName> = parsedBy({ metavar: "IFNAME", parse: parseIfName });
export const workload: Value<WorkloadName> = parsedBy({
  metavar: "WORKLOAD",
  parse: parseWorkloadName,
});
export const prefix: Value<Prefix> = parsedBy({ metavar: "PREFIX", parse: parsePrefix });
export const address: Value<Ip> = parsedBy({ metavar: "ADDRESS", parse: parseIp });
export const range: Value<IpRange> = parsedBy({ metavar: "RANGE", parse: parseRange });
export const mac: Value<Mac> = parsedBy({ metavar: "MAC", parse: parseMac });
export const mtu: Value<Mtu> = parsedBy({ metavar: "BYTES", parse: parseMtu });
export const vlanTag: Value<VlanTag> = parsedBy({ metavar: "VLAN", parse: parseVlanTag });
export const route: Value<ExtraRoute> = parsedBy({ metavar: "ROUTE", parse: parseRoute });

/** "WORKLOAD=ADDRESS". */
export const reservation: Value<Reservation> = parsedBy({
  metavar: "WORKLOAD=ADDRESS",
  parse: (text) => {
    const [name = "", ...rest] = text.split("=");
    if (rest.length !== 1) {
      return err(`${JSON.stringify(text)} is not a reservation such as "web=192.168.1.20".`);
    }
    const workload = parseWorkloadName(name);
    if (!workload.ok) return workload;
    const address = parseIp(rest[0]);
    return mapResult(address, (value) => ({ workload: workload.value, address: value }));
  },
});

/** Whether there is such a segment is for the engine to say. */
export const segmentName: Value<SegmentName> = parsedBy({
  metavar: "SEGMENT",
  parse: (text) => (text === "" ? err("the name is empty.") : ok(text as SegmentName)),
});

/** Whether such an endpoint exists is for the engine to say. */
export const endpointId: Value<EndpointId> = parsedBy({
  metavar: "ENDPOINT",
  parse: (text) => (text === "" ? err("the id is empty.") : ok(text as EndpointId)),
});

/** Text that must not be empty; `known` is what completion offers, others may be right too. */
export function word(
  metavar: Value<string>["metavar"],
  known: readonly string[] = [],
): Value<string> {
  return parsedBy({
    metavar,
    parse: (text) => (text === "" ? err("the value is empty.") : ok(text)),
    suggest: (prefix) =>
      known
        .filter((candidate) => candidate.startsWith(prefix))
        .map((text) => ({ kind: "literal", text })),
  });
}

/** A whole number; what it may be is for the domain to say. */
export function count(metavar: Value<number>["metavar"]): Value<number> {
  return parsedBy({
    metavar,
    parse: (text) =>
      /^\d{1,15}$/.test(text)
        ? ok(Number(text))
        : err(`${JSON.stringify(text)} is not a whole number.`),
  });
}

export const scenarioFile: Value<string> = parsedBy({
  metavar: "FILE",
  parse: (text) => (text === "" ? err("the name is empty.") : ok(text)),
  suggest: () => [{ kind: "file", type: "file", extensions: [".yaml", ".yml"] }],
});

/** A path, or the bare name that `ip netns add` was given. */
export function namespacePath(text: string): Result<string, string> {
  if (text === "") return err("the path is empty.");
  return ok(text.includes("/") ? text : `/run/netns/${text}`);
}

export const netnsName: Value<string> = parsedBy({ metavar: "PATH", parse: namespacePath });

export const netnsPath: Value<SandboxWish> = parsedBy({
  metavar: "PATH",
  parse: (text) => mapResult(namespacePath(text), (path) => ({ kind: "path", path })),
});

export const pidNamespace: Value<SandboxWish> = parsedBy({
  metavar: "PID",
  parse: (text) => {
    // PID_MAX_LIMIT of include/linux/threads.h has seven digits.
    if (/^[1-9]\d{0,6}$/.test(text)) return ok({ kind: "path", path: `/proc/${text}/ns/net` });
    return err(`${JSON.stringify(text)} is not the id of a process.`);
  },
});

/** Names and ids, as Docker's engine takes them (daemon/names of moby). */
export const containerRef: Value<SandboxWish> = parsedBy({
  metavar: "NAME",
  parse: (text) => {
    const isName = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,253}$/.test(text);
    if (isName) return ok({ kind: "container", container: text });
    return err(`${JSON.stringify(text)} is no name and no id of a container.`);
  },
});

/** "PREFIX" or "PREFIX,via ADDRESS". */
function parseRoute(text: string): Result<ExtraRoute, Refusal> {
  const comma = text.indexOf(",");
  const to = parsePrefix(comma < 0 ? text : text.slice(0, comma));
  if (!to.ok) return to;
  if (comma < 0) return ok({ to: to.value });
  const gateway = /^\s*via\s+(\S+)$/.exec(text.slice(comma + 1))?.[1];
  if (gateway === undefined) {
    return err(`${JSON.stringify(text)} is not a route such as "${to.value},via ADDRESS".`);
  }
  const via = parseIp(gateway);
  return via.ok ? ok({ to: to.value, via: via.value }) : via;
}
