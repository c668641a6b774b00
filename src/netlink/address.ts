import {
  type InterfaceAddress,
  type Ip,
  type Ip4,
  type IpVersion,
  interfaceAddress,
  interfaceAddressIp,
  interfaceAddressLength,
  ipVersion,
} from "../addr/index.ts";
import { ok } from "../base/index.ts";
import { commandLine, type LinkRef, linkName, option } from "./command.ts";
import { type Decoded, malformed } from "./field.ts";
import { MessageFlag, type RawMessage } from "./message.ts";
import {
  type DumpRequest,
  encode,
  Family,
  familyOf,
  MessageType,
  nothing,
  type Request,
} from "./request.ts";
import type { ValueOf } from "./struct.ts";
import { type AddressFlag, addressMessage, type ScopeName } from "./tables/address.ts";

/** An address as the kernel shows it. */
export interface Address {
  readonly ifindex: number;
  readonly address: InterfaceAddress;
  /** The other end of a point-to-point address. */
  readonly peer: Ip | undefined;
  readonly broadcast: Ip | undefined;
  readonly label: string | undefined;
  readonly scope: ScopeName | number;
  readonly flags: readonly (AddressFlag | number)[];
}

/** Reads RTM_NEWADDR or RTM_DELADDR; undefined for families other than IP. */
export function readAddress(message: RawMessage): Decoded<Address | undefined> {
  const isAddress =
    message.type === MessageType.newAddress || message.type === MessageType.deleteAddress;
  const family = message.payload[0];
  if (!isAddress || (family !== Family.inet && family !== Family.inet6)) return ok(undefined);
  const decoded = addressMessage.read(message.payload);
  if (!decoded.ok) return decoded;
  const { header, attributes: a } = decoded.value;
  // IPv6 sends `local` only when there is a peer.
  const own = a.local ?? a.address;
  if (own === undefined) return malformed("missing", "address");
  if (header.prefixLength > (ipVersion(own) === 4 ? 32 : 128)) {
    return malformed(`/${header.prefixLength} is too long`, "prefixLength");
  }
  return ok({
    ifindex: header.ifindex,
    address: interfaceAddress(own, header.prefixLength),
    peer: a.address === own ? undefined : a.address,
    broadcast: a.broadcast,
    label: a.label,
    scope: header.scope,
    flags: a.flags ?? [],
  });
}

/** An address of a link. */
export interface AddressSpec {
  readonly link: LinkRef;
  readonly address: InterfaceAddress;
  /** The other end, when the link is point-to-point; the prefix length then belongs to it. */
  readonly peer?: Ip;
  readonly broadcast?: Ip4;
  /** `nodad` skips duplicate address detection (IPv6); `noprefixroute` adds no connected route. */
  readonly flags?: readonly ("nodad" | "noprefixroute")[];
  readonly scope?: ScopeName;
}

/**
 * Gives a link an address. Equivalent to `ip addr add ADDRESS dev LINK`.
 * EEXIST when the link has it already, ENODEV when there is no such link, EADDRINUSE when an ipvlan
 * sibling has it.
 */
export function addAddress(spec: AddressSpec): Request {
  return change(spec, "add", MessageFlag.create | MessageFlag.exclusive);
}

/**
 * Gives a link an address that it may already have. Equivalent to `ip addr replace ADDRESS dev
 * LINK`.
 */
export function replaceAddress(spec: AddressSpec): Request {
  return change(spec, "replace", MessageFlag.create | MessageFlag.replace);
}

/**
 * Takes an address away. Equivalent to `ip addr del ADDRESS dev LINK`. EADDRNOTAVAIL when it has
 * none such.
 */
export function deleteAddress(spec: Pick<AddressSpec, "link" | "address" | "peer">): Request {
  return change(spec, "del", 0);
}

function change(spec: AddressSpec, verb: "add" | "replace" | "del", flags: number): Request {
  return {
    kind: "request",
    type: verb === "del" ? MessageType.deleteAddress : MessageType.newAddress,
    flags,
    payload: encode(addressMessage, messageOf(spec)),
    command: commandLine(
      `ip addr ${verb}`,
      spec.peer === undefined
        ? [spec.address]
        : [interfaceAddressIp(spec.address), "peer", `${spec.peer}/${lengthOf(spec)}`],
      option("broadcast", spec.broadcast),
      option("scope", spec.scope),
      ["dev", linkName(spec.link)],
      spec.flags ?? [],
    ),
    read: nothing,
  };
}

function lengthOf(spec: AddressSpec): number {
  return interfaceAddressLength(spec.address);
}

function messageOf(spec: AddressSpec): ValueOf<typeof addressMessage> {
  const local = interfaceAddressIp(spec.address);
  return {
    header: {
      family: familyOf(ipVersion(local)),
      prefixLength: lengthOf(spec),
      flags: 0,
      scope: spec.scope ?? "global",
      ifindex: spec.link.ifindex,
    },
    attributes: {
      local,
      ...(spec.broadcast === undefined ? {} : { broadcast: spec.broadcast }),
      ...(spec.flags === undefined ? {} : { flags: spec.flags }),
      address: spec.peer ?? local,
    },
  };
}

/** Every address of the namespace, or of one IP version. Equivalent to `ip addr show`. */
export function listAddresses(version?: IpVersion): DumpRequest<Address> {
  return dumpOf({
    family: version === undefined ? Family.unspecified : familyOf(version),
    ifindex: 0,
    command: version === undefined ? "ip addr show" : `ip -${version} addr show`,
  });
}

/**
 * Every address of one link; the kernel leaves out the others (inet_valid_dump_ifaddr_req). ENODEV
 * when there is no such link. Equivalent to `ip addr show dev LINK`.
 */
export function listAddressesOf(link: LinkRef): DumpRequest<Address> {
  return dumpOf({
    family: Family.unspecified,
    ifindex: link.ifindex,
    command: commandLine("ip addr show", option("dev", linkName(link))),
  });
}

function dumpOf(of: {
  readonly family: number;
  readonly ifindex: number;
  readonly command: string;
}): DumpRequest<Address> {
  const { family, ifindex, command } = of;
  const header = { family, prefixLength: 0, flags: 0, scope: "global", ifindex } as const;
  return {
    kind: "dump",
    type: MessageType.getAddress,
    flags: MessageFlag.dump,
    payload: encode(addressMessage, { header, attributes: {} }),
    command,
    read: readAddress,
  };
}
