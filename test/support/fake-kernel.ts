import { constants } from "node:os";
import { assert, err, ok } from "../../src/base/index.ts";
import {
  ControlType,
  encodeMessages,
  MessageFlag,
  MessageType,
  type RawMessage,
  splitMessages,
} from "../../src/netlink/index.ts";
import {
  type FakeNetwork,
  fakePlatform,
  type NetnsCookie,
  type Platform,
  type ResolveNetns,
  type Socket,
  type SocketSpec,
  type SysResult,
} from "../../src/platform/index.ts";
import {
  deleteAddress,
  deleteRoute,
  getAddress,
  getRoute,
  newAddress,
  newRoute,
} from "./fake-kernel-inet.ts";
import { deleteLink, getLink, getNeighbour, loopback, newLink } from "./fake-kernel-links.ts";
import { FakeState, type Handler } from "./fake-kernel-state.ts";

/** What goes wrong with a request, counted from 1 after it was injected. */
export interface KernelFault {
  readonly at: number;
  /** `refused`: not done. `unheard`: done, the answer is lost. `stuck`: refused from here on. */
  readonly kind: "refused" | "unheard" | "stuck";
  /** Of a refusal. A lost answer is ENOBUFS, as after an overrun. */
  readonly errno: string;
}

const handlers: Readonly<Record<number, Handler>> = {
  [MessageType.newLink]: newLink,
  [MessageType.deleteLink]: deleteLink,
  [MessageType.getLink]: getLink,
  [MessageType.newAddress]: newAddress,
  [MessageType.deleteAddress]: deleteAddress,
  [MessageType.getAddress]: getAddress,
  [MessageType.newRoute]: newRoute,
  [MessageType.deleteRoute]: deleteRoute,
  [MessageType.getRoute]: getRoute,
  [MessageType.getNeighbour]: getNeighbour,
};

/** A datagram for a socket, or the errno of a recv() that failed. */
type Delivery = readonly RawMessage[] | "ENOBUFS";

/** NLM_F_MULTI */
const MULTIPART = 0x2;
/** Few, so that a list comes in several datagrams as it does from the kernel. */
const MESSAGES_PER_DATAGRAM = 3;

/**
 * A kernel in memory that answers the rtnetlink messages of src/netlink: links of kind veth,
 * bridge, macvlan, ipvlan and vlan, addresses, the main routing table, the receive filter of
 * parents. It keeps the suites in rtnetlink*.contract.ts with the real one; what it does not
 * know it refuses with EOPNOTSUPP.
 */
export class FakeKernel implements FakeNetwork {
  readonly state = new FakeState();
  readonly #sockets = new Map<NetnsCookie, number>();
  readonly #orphans = new Set<NetnsCookie>();
  #lastPort = 0;
  #fault: KernelFault | undefined;
  #requests = 0;

  /** From the next request on; undefined ends it. */
  inject(fault: KernelFault | undefined): void {
    this.#fault = fault;
    this.#requests = 0;
  }

  /** Requests since the last `inject`, refused ones included. */
  requests(): number {
    return this.#requests;
  }

  /** Everything that a request could have changed, a link a line. */
  describe(): readonly string[] {
    return this.state
      .links()
      .map(({ id: _, netns, ...link }) => `${netns} ${JSON.stringify(link)}`);
  }

  addNamespace(netns: NetnsCookie): void {
    this.state.put(loopback(this.state.nextId(), netns));
  }

  removeNamespace(netns: NetnsCookie): void {
    if (this.#sockets.has(netns)) this.#orphans.add(netns);
    else this.state.removeNamespace(netns);
  }

  open(netns: NetnsCookie, spec: SocketSpec, resolve: ResolveNetns): SysResult<Socket> {
    if (spec.kind !== "rtnetlink") return err({ errno: "EAFNOSUPPORT", call: "socket" });
    this.#lastPort += 1;
    this.#sockets.set(netns, (this.#sockets.get(netns) ?? 0) + 1);
    const portId = this.#lastPort;
    const answer = (message: RawMessage) => this.#answer({ netns, resolve, portId }, message);
    return ok(fakeSocket(answer, () => this.#closed(netns)));
  }

  /** A socket keeps its namespace alive. */
  #closed(netns: NetnsCookie): void {
    const left = (this.#sockets.get(netns) ?? 1) - 1;
    if (left > 0) this.#sockets.set(netns, left);
    else this.#sockets.delete(netns);
    if (left === 0 && this.#orphans.delete(netns)) this.state.removeNamespace(netns);
  }

  #answer(from: Asker, message: RawMessage): readonly Delivery[] {
    this.#requests += 1;
    const fault = this.#fault;
    const here = fault !== undefined && this.#requests === fault.at;
    const later = fault?.kind === "stuck" && this.#requests > fault.at;
    if (fault !== undefined && (here || later) && fault.kind !== "unheard") {
      return [[ackOf(from, message, fault.errno)]];
    }
    const heard = respond(this.state, from, message);
    return here ? ["ENOBUFS"] : heard;
  }
}

/** The socket that a message came by. */
interface Asker {
  readonly netns: NetnsCookie;
  readonly resolve: ResolveNetns;
  readonly portId: number;
}

function respond(state: FakeState, from: Asker, message: RawMessage): readonly Delivery[] {
  const { type, flags, payload } = message;
  const handler = handlers[type];
  const result = handler?.(state, { ...from, flags, payload }) ?? err("EOPNOTSUPP");
  if (!result.ok) return [[ackOf(from, message, result.error)]];
  const isDump = type % 4 === GET && (flags & MessageFlag.dump) === MessageFlag.dump;
  const address = { sequence: message.sequence, portId: from.portId };
  const found = result.value.map((reply) => ({
    ...reply,
    ...address,
    flags: isDump ? MULTIPART : 0,
  }));
  if (isDump) {
    const end = { ...address, type: ControlType.done, flags: MULTIPART, payload: errnoBytes(0) };
    return [...inDatagrams(found), [end]];
  }
  const ack = (flags & MessageFlag.ack) === 0 ? [] : [[ackOf(from, message)]];
  return [...inDatagrams(found), ...ack];
}

/** RTM_NEW…, RTM_DEL…, RTM_GET… and RTM_SET… follow each other. */
const GET = 2;

function inDatagrams(messages: readonly RawMessage[]): readonly Delivery[] {
  const count = Math.ceil(messages.length / MESSAGES_PER_DATAGRAM);
  return Array.from({ length: count }, (_, i) =>
    messages.slice(i * MESSAGES_PER_DATAGRAM, (i + 1) * MESSAGES_PER_DATAGRAM),
  );
}

/** NLMSG_ERROR, capped: the errno and the header of the request. */
function ackOf({ portId }: Asker, request: RawMessage, errno?: string): RawMessage {
  const header = encodeMessages([{ ...request, payload: new Uint8Array() }]);
  const payload = Uint8Array.from([
    ...errnoBytes(errno === undefined ? 0 : numberOf(errno)),
    ...header,
  ]);
  const { sequence } = request;
  return { type: ControlType.error, flags: MessageFlag.capped, sequence, portId, payload };
}

function errnoBytes(errno: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(4));
  view.setInt32(0, -errno, true);
  return new Uint8Array(view.buffer);
}

function numberOf(name: string): number {
  const numbers: Readonly<Record<string, number>> = constants.errno;
  const number = numbers[name];
  assert(number !== undefined, `no errno ${name}`);
  return number;
}

type NetlinkSocket = Pick<
  Socket,
  "send" | "sendAside" | "watch" | "receive" | "close" | typeof Symbol.dispose
>;

function fakeSocket(
  answer: (message: RawMessage) => readonly Delivery[],
  onClose: () => void,
): Socket {
  const queue: Delivery[] = [];
  let open = true;
  const close = (): void => {
    if (open) onClose();
    open = false;
  };
  const send: Socket["send"] = (bytes) => {
    if (!open) return err({ errno: "EBADF", call: "sendto" });
    const messages = splitMessages(bytes);
    if (!messages.ok) return err({ errno: "EINVAL", call: "sendto" });
    for (const message of messages.value) queue.push(...answer(message));
    return ok(bytes.length);
  };
  const netlink: NetlinkSocket = {
    send,
    sendAside: async (bytes) => send(bytes),
    // There is no event loop in here: what has come is there to be received.
    watch: () => ({ close, [Symbol.dispose]: close }),
    receive: () => {
      const next = queue.shift();
      if (next === undefined) return err({ errno: "EAGAIN", call: "recvfrom" });
      return typeof next === "string"
        ? err({ errno: next, call: "recvfrom" })
        : ok(encodeMessages(next));
    },
    close,
    [Symbol.dispose]: close,
  };
  // What only other kinds of sockets can is not there, and calling it is a bug of the test.
  return netlink as Socket;
}

/** A platform whose kernel is a fake, with the sysctls of its links and ids that do not repeat. */
export function openFakeLinux(): { readonly platform: Platform; readonly kernel: FakeKernel } {
  const kernel = new FakeKernel();
  const platform = fakePlatform({ network: kernel });
  let drawn = 0;
  const bytes = (count: number): Uint8Array => {
    drawn += 1;
    const digest = new Bun.CryptoHasher("sha256").update(`${drawn}`).digest();
    return Uint8Array.from(digest.subarray(0, count));
  };
  const writeSysctl: Platform["files"]["writeSysctl"] = (netns, key, value) => {
    const link = /^net\/ipv6\/conf\/([^/]+)\/\w+$/.exec(key)?.[1];
    if (link === undefined) return platform.files.writeSysctl(netns, key, value);
    if (kernel.state.byName(netns.cookie, link) !== undefined) return ok();
    return err({ errno: "ENOENT", call: `openat /proc/sys/${key}` });
  };
  const files = { ...platform.files, writeSysctl };
  return { kernel, platform: { ...platform, files, random: { bytes } } };
}
