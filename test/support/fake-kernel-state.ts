import type { InterfaceAddress, Ip, Mac, Prefix } from "../../src/addr/index.ts";
import { defined, err, type Result } from "../../src/base/index.ts";
import type {
  Field,
  InetSettings,
  IpvlanFlag,
  IpvlanMode,
  linkRequest,
  RawMessage,
  VlanFlag,
  VlanProtocol,
} from "../../src/netlink/index.ts";
import type { NetnsCookie, ResolveNetns } from "../../src/platform/index.ts";

/** The errnos that a FakeKernel gives of itself. */
export type Errno =
  | "EADDRINUSE"
  | "EADDRNOTAVAIL"
  | "EBADF"
  | "EBUSY"
  | "EEXIST"
  | "EHOSTUNREACH"
  | "EINVAL"
  | "ENETDOWN"
  | "ENETUNREACH"
  | "ENODEV"
  | "ENOENT"
  | "EOPNOTSUPP"
  | "EPROTONOSUPPORT"
  | "ERANGE"
  | "ESRCH";

export type Outcome<T = void> = Result<T, Errno>;

/** One message as its handler sees it. */
export interface Call {
  readonly netns: NetnsCookie;
  readonly resolve: ResolveNetns;
  readonly flags: number;
  readonly payload: Uint8Array;
}

/** What a handler answers before the acknowledgement. */
export type Reply = Pick<RawMessage, "type" | "payload">;

export type Handler = (state: FakeState, call: Call) => Outcome<readonly Reply[]>;

/** A handler of messages of one shape; bytes of another are EINVAL. */
export function handlerOf<T>(
  field: Field<T>,
  handle: (state: FakeState, call: Call, request: T) => Outcome<readonly Reply[]>,
): Handler {
  return (state, call) => {
    const request = field.read(call.payload);
    return request.ok ? handle(state, call, request.value) : err("EINVAL");
  };
}

/** Names a link for ever, in whatever namespace; an ifindex does so only in one. */
export type LinkId = number;

export type FakeKind =
  | { readonly kind: "loopback" | "bridge" }
  | { readonly kind: "veth"; readonly peer: LinkId }
  | FakeMacvlan
  | { readonly kind: "ipvlan"; readonly parent: LinkId }
  | FakeVlan;

export interface FakeMacvlan {
  readonly kind: "macvlan";
  readonly parent: LinkId;
  readonly mode: ChildMode;
  /** The list of mode source; empty in every other. */
  readonly allowedMacs: readonly Mac[];
}

export interface FakeVlan {
  readonly kind: "vlan";
  readonly parent: LinkId;
  readonly protocol: VlanProtocol;
  readonly id: number;
  readonly flags: readonly VlanFlag[];
  /** The parent's is followed until it is set. */
  readonly macOf: "parent" | "itself";
}

/** What all ipvlans of a parent have in common, from the first to the last of them. */
export interface IpvlanPort {
  readonly mode: IpvlanMode;
  readonly flag: IpvlanFlag;
}

export type ChildMode = "private" | "vepa" | "bridge" | "source";

/** A route that somebody added; connected ones follow from the addresses. */
export interface FakeRoute {
  readonly to: Prefix;
  readonly gateway: Ip | undefined;
  readonly metric: number;
}

export interface FakeLink {
  readonly id: LinkId;
  readonly netns: NetnsCookie;
  readonly ifindex: number;
  readonly name: string;
  readonly details: FakeKind;
  readonly mac: Mac;
  readonly mtu: number;
  readonly state: "up" | "down";
  readonly alias: string;
  /** The bridge that it is a port of. */
  readonly upper: LinkId | undefined;
  readonly inet: InetSettings;
  readonly addresses: readonly InterfaceAddress[];
  readonly routes: readonly FakeRoute[];
  readonly ipvlanPort?: IpvlanPort | undefined;
}

/** What a message about a link says. */
export type LinkPayload = Parameters<typeof linkRequest.write>[1];

/** A link that is to be made, and from where it is asked for. */
export interface Making {
  readonly netns: NetnsCookie;
  readonly resolve: ResolveNetns;
  readonly attributes: LinkPayload["attributes"];
  readonly link: FakeLink;
}

/** The links of every namespace with all that hangs on them, as values that are replaced. */
export class FakeState {
  readonly #links = new Map<LinkId, FakeLink>();
  #lastId = 0;

  nextId(): LinkId {
    this.#lastId += 1;
    return this.#lastId;
  }

  /** Every link, or those of one namespace in the order of a dump. */
  links(netns?: NetnsCookie): readonly FakeLink[] {
    const all = [...this.#links.values()];
    if (netns === undefined) return all;
    return all.filter((link) => link.netns === netns).sort((a, b) => a.ifindex - b.ifindex);
  }

  byId(id: LinkId): FakeLink {
    return defined(this.#links.get(id), `link ${id}`);
  }

  byIndex(netns: NetnsCookie, ifindex: number): FakeLink | undefined {
    return this.links(netns).find((link) => link.ifindex === ifindex);
  }

  byName(netns: NetnsCookie, name: string): FakeLink | undefined {
    return this.links(netns).find((link) => link.name === name);
  }

  /** The macvlans of a parent, in every namespace. */
  childrenOf(
    parent: LinkId,
  ): readonly (FakeLink & { readonly details: { readonly mode: string } })[] {
    return this.links().flatMap((link) => {
      const { details } = link;
      return details.kind === "macvlan" && details.parent === parent ? [{ ...link, details }] : [];
    });
  }

  /** All links whose parent this is, of every kind that has one, in every namespace. */
  stackedOn(parent: LinkId): readonly FakeLink[] {
    return this.links().filter(({ details }) => "parent" in details && details.parent === parent);
  }

  ipvlansOf(parent: LinkId): readonly FakeLink[] {
    return this.stackedOn(parent).filter(({ details }) => details.kind === "ipvlan");
  }

  put(link: FakeLink): void {
    this.#links.set(link.id, link);
  }

  change(id: LinkId, change: Partial<Omit<FakeLink, "id">>): void {
    this.put({ ...this.byId(id), ...change });
  }

  /** Removes a link, its veth peer and the links on it; lets the ports of a bridge go. */
  remove(id: LinkId): void {
    const link = this.#links.get(id);
    if (link === undefined) return;
    this.#links.delete(id);
    if (link.details.kind === "veth") this.remove(link.details.peer);
    for (const child of this.stackedOn(id)) this.remove(child.id);
    if (link.details.kind === "ipvlan") this.#leaveIpvlanPort(link.details.parent);
    for (const port of this.links().filter(({ upper }) => upper === id)) {
      this.change(port.id, { upper: undefined });
    }
  }

  #leaveIpvlanPort(id: LinkId): void {
    const parent = this.#links.get(id);
    if (parent === undefined || this.ipvlansOf(id).length > 0) return;
    const { ipvlanPort: _, ...bare } = parent;
    this.put(bare);
  }

  removeNamespace(netns: NetnsCookie): void {
    for (const link of this.links(netns)) this.remove(link.id);
  }
}
