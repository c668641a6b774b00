import { isMulticastMac, type Mac } from "../addr/index.ts";
import { err, ok, type Problem, type Result } from "../base/index.ts";
import {
  driverUnknown,
  flagUnknown,
  macUnusable,
  modeFixed,
  modeUnknown,
  queueLengthInvalid,
  queueLengthUnused,
  sourceNotInMode,
} from "./problems.ts";
import { formatVlanTag, type VlanId, type VlanProtocol } from "./vlan.ts";

/**
 * How an endpoint's link hangs on its parent, with the options that its mode has. A new member is a
 * type error wherever it matters.
 */
export type Driver = MacvlanDriver | IpvlanDriver | VlanDriver;

export type MacvlanDriver = {
  readonly kind: "macvlan";
  /** Frames that may wait for delivery of broadcasts; the kernel's default is 1000. */
  readonly bcQueueLen?: number;
} & (
  | { readonly mode: "bridge" | "private" | "vepa" }
  | { readonly mode: "passthru"; readonly flag?: "nopromisc" }
  | {
      readonly mode: "source";
      /** Whose frames the endpoints receive, and nobody else's. */
      readonly allowedMacs: readonly Mac[];
      readonly flag?: "nodst";
    }
);

/**
 * Links without a MAC address of their own. In the kernel mode and flag belong to the parent, and
 * so to every ipvlan link on it (struct ipvl_port in drivers/net/ipvlan/ipvlan.h).
 */
export interface IpvlanDriver {
  readonly kind: "ipvlan";
  readonly mode: "l2" | "l3" | "l3s";
  /** How siblings see each other; absent: as on a bridge. */
  readonly flag?: IpvlanFlag;
}

/**
 * The endpoint's link is that of a VLAN itself, and the only one of it on this machine. Not offered
 * to people, who get more by a network on a VLAN; runtimes ask for it.
 */
export interface VlanDriver {
  readonly kind: "vlan";
  readonly mode: VlanProtocol;
  readonly id: VlanId;
}

export type IpvlanFlag = "private" | "vepa";

/** Spelled as iproute2 spells them. */
export const driverModes = {
  macvlan: ["bridge", "private", "vepa", "passthru", "source"],
  ipvlan: ["l2", "l3", "l3s"],
} as const;

/** ipvlan's default, which may be named too. */
const BRIDGE = "bridge";
const ipvlanFlags: readonly string[] = [BRIDGE, "private", "vepa"];

/** The flags of the modes that have any, spelled as iproute2 spells them. */
const modeFlags: Readonly<Record<string, readonly string[]>> = {
  passthru: ["nopromisc"],
  source: ["nodst"],
  ...{ l2: ipvlanFlags, l3: ipvlanFlags, l3s: ipvlanFlags },
};

/** Every flag of any mode. */
export const driverFlags: readonly string[] = [...new Set(Object.values(modeFlags).flat())];

/** IFLA_MACVLAN_BC_QUEUE_LEN has 32 bits. */
const QUEUE_LENGTH_MAX = 2 ** 32 - 1;

/** A driver as users and configurations describe it. */
export interface DriverWish {
  readonly kind: string;
  /** The driver's first mode when it is absent. */
  readonly mode?: string;
  readonly flag?: string;
  /** The list of mode source; order and repetition mean nothing. */
  readonly sources?: readonly Mac[];
  /** Frames. */
  readonly bcQueueLen?: number;
}

/** A driver whose options all have a meaning in its mode; the first that has none is told. */
export function parseDriver(wish: DriverWish): Result<Driver, Problem> {
  const { kind: driver, flag, sources = [], bcQueueLen } = wish;
  if (driver !== "macvlan" && driver !== "ipvlan") return err(driverUnknown({ driver }));
  const modes = driverModes[driver];
  const mode = modes.find((known) => known === (wish.mode ?? modes[0]));
  if (mode === undefined) return err(modeUnknown({ driver, mode: wish.mode ?? "", modes }));
  const flags = modeFlags[mode] ?? [];
  if (flag !== undefined && !flags.includes(flag)) return err(flagUnknown({ mode, flag, flags }));
  if (mode !== "source" && sources.length > 0) return err(sourceNotInMode({ mode }));
  if (mode === "l2" || mode === "l3" || mode === "l3s") return ipvlanOf(mode, wish);
  const unfit = sources.find((mac) => isMulticastMac(mac) || mac === "00:00:00:00:00:00");
  if (unfit !== undefined) return err(macUnusable({ mac: unfit }));
  if (bcQueueLen !== undefined && !isQueueLength(bcQueueLen)) {
    return err(queueLengthInvalid({ value: bcQueueLen, max: QUEUE_LENGTH_MAX }));
  }
  const base = { kind: "macvlan", ...(bcQueueLen === undefined ? {} : { bcQueueLen }) } as const;
  if (mode === "passthru") return ok({ ...base, mode, ...(flag ? { flag: "nopromisc" } : {}) });
  if (mode !== "source") return ok({ ...base, mode });
  const allowedMacs = [...new Set(sources)].toSorted();
  return ok({ ...base, mode, allowedMacs, ...(flag ? { flag: "nodst" } : {}) });
}

function ipvlanOf(
  mode: IpvlanDriver["mode"],
  { flag, bcQueueLen }: DriverWish,
): Result<Driver, Problem> {
  if (bcQueueLen !== undefined) return err(queueLengthUnused({ driver: "ipvlan" }));
  const base = { kind: "ipvlan", mode } as const;
  return ok(flag === "private" || flag === "vepa" ? { ...base, flag } : base);
}

function isQueueLength(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= QUEUE_LENGTH_MAX;
}

/** What to change of a driver; what is left out stays, as far as the mode has it. */
export interface DriverChange {
  readonly mode?: string;
  readonly sources?: readonly Mac[];
}

/**
 * The changed driver. No link can be changed to or from passthru, and the modes of ipvlan differ in
 * the routes that their endpoints have.
 */
export function parseDriverChange(
  driver: Driver,
  { mode = driver.mode, sources }: DriverChange,
): Result<Driver, Problem> {
  if (driver.kind === "vlan") {
    if (mode !== driver.mode) return err(modeFixed({ from: driver.mode, to: mode }));
    return sources === undefined ? ok(driver) : err(sourceNotInMode({ mode }));
  }
  const kept = driver.mode === "source" && mode === "source" ? driver.allowedMacs : [];
  const flag = mode === driver.mode ? driverFlag(driver) : undefined;
  const bcQueueLen = driver.kind === "macvlan" ? driver.bcQueueLen : undefined;
  const changed = parseDriver({
    kind: driver.kind,
    mode,
    sources: sources ?? kept,
    ...(flag === undefined ? {} : { flag }),
    ...(bcQueueLen === undefined ? {} : { bcQueueLen }),
  });
  if (!changed.ok || mode === driver.mode) return changed;
  const isFixed = driver.kind === "ipvlan" || mode === "passthru" || driver.mode === "passthru";
  return isFixed ? err(modeFixed({ from: driver.mode, to: mode })) : changed;
}

/** Whether the host routes what endpoints send, and they ask nobody for a MAC address. */
export function isRoutedByHost({ mode }: Driver): boolean {
  return mode === "l3" || mode === "l3s";
}

/** "macvlan bridge", "ipvlan l2 private", as in tables. */
export function formatDriver(driver: Driver): string {
  if (driver.kind === "vlan") {
    const { kind, mode: protocol, id } = driver;
    return `${kind} ${formatVlanTag({ protocol, id })}`;
  }
  const { kind, mode } = driver;
  return driver.kind === "ipvlan" && driver.flag !== undefined
    ? `${kind} ${mode} ${driver.flag}`
    : `${kind} ${mode}`;
}

/** "from mode bridge to vepa", or what else is changed. */
export function formatDriverChange(before: Driver, after: Driver): string {
  if (before.mode !== after.mode) return `from mode ${before.mode} to ${after.mode}`;
  return after.mode === "source" ? "of the peers in mode source" : `to mode ${after.mode}`;
}

/** The flag of the driver's mode, where it has one and it is set. */
export function driverFlag(driver: Driver): "nopromisc" | "nodst" | IpvlanFlag | undefined {
  return "flag" in driver ? driver.flag : undefined;
}
