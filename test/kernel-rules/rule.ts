import type { Request } from "../../src/netlink/index.ts";
import type { Frame } from "../../src/wire/index.ts";

/** What was seen, as JSON can carry it out of the guest. */
export type Seen = string | number | boolean | null | readonly Seen[] | { [key: string]: Seen };

/** One rule of the kernel, small and on its own: nothing of it depends on another one. */
export interface Rule {
  /** The rule in one sentence, and the name of its test. */
  readonly name: string;
  /** What `observe` returns where the rule holds; it has the control arrangement in it. */
  readonly expected: { [key: string]: Seen };
  readonly observe: (box: Box) => Promise<{ [key: string]: Seen }>;
}

/** A link in a namespace of the rule: "host:p0". */
export type Place = `${string}:${string}`;

/**
 * Who may hear a frame. "lan:s0" is a tap: all that comes to the link, whoever takes it then.
 * "host:p0/stack" hears what no driver on top of the link took, "a/ip" the ICMP that the IP stack
 * of a namespace took for its own.
 */
export type Ear = Place | `${Place}/stack` | `${string}/ip`;

/** Namespaces for one rule. Each exists, with IPv6 off, as soon as it is named. */
export interface Box {
  /**
   * Runs commands, one on each line behind its namespace: "host: ip link set p0 up". What stands
   * behind the word `netns` is a namespace of the rule too. A failure is a failure of the rule.
   */
  run(lines: string): Promise<void>;
  /** The words that one such command is refused with, or "done". */
  tried(line: string): Promise<string>;
  /** The rows that such a command of iproute2 prints; it always gives `-j -d`. */
  rows(line: string): Promise<readonly Row[]>;
  /** The first of them. */
  row(line: string): Promise<Row>;
  /** "done", or the errno of a request that iproute2 cannot make. */
  request(namespace: string, request: Request): Promise<string>;
  /** Whether an echo request of the namespace's own IP stack is answered within a second. */
  pings(namespace: string, target: string): Promise<boolean>;
  /**
   * Sends a frame out of a link, and says who of `ears` heard it: in their order, a tap with the
   * VLAN tags ("lan:s0 tag 10").
   */
  heard(from: Place, frame: Frame, ears: readonly Ear[]): Promise<readonly string[]>;
  /** Waits for what the kernel does some time later; false when it does not come. */
  eventually(condition: () => Promise<boolean>): Promise<boolean>;
}

/** The fields of `ip -j -d link` that rules are about. */
export interface Row {
  readonly [key: string]: Seen | undefined;
  readonly address: string;
  readonly mtu: number;
  readonly flags: readonly string[];
  readonly promiscuity: number;
  readonly linkinfo: { readonly info_data: { [key: string]: Seen } };
}
