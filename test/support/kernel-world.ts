import {
  interfaceAddressPrefix,
  isLinkLocal,
  type Mac,
  parseInterfaceAddress,
  parseIp,
  parseMac,
  parsePrefix,
  prefixIp,
} from "../../src/addr/index.ts";
import { millis } from "../../src/base/index.ts";
import {
  addLink,
  getLink,
  type Link,
  listAddresses,
  listFdb,
  listLinks,
  listRoutes,
  MAIN_TABLE,
  type NewLink,
  openRtnetlink,
  type Request,
  type Rtnetlink,
  setLink,
} from "../../src/netlink/index.ts";
import type { NetnsHandle, Platform } from "../../src/platform/index.ts";
import { must } from "./must.ts";

export const p0 = { ifindex: 10, name: "p0" };
export const p1 = { ifindex: 11, name: "p1" };
export const br0 = { ifindex: 20, name: "br0" };
export const c0 = { ifindex: 30, name: "c0" };
export const c1 = { ifindex: 31, name: "c1" };
export const lo = { ifindex: 1, name: "lo" };
export const nobody = { ifindex: 999 };

export const address = (text: string) => must(parseInterfaceAddress(text));
export const ip = (text: string) => must(parseIp(text));
export const mac = (text: string) => must(parseMac(text));
export const prefix = (text: string) => must(parsePrefix(text));

export const A = mac("02:00:00:00:00:0a");
export const B = mac("02:00:00:00:00:0b");

/** A veth p0–p1 that is up in one namespace, and as many further namespaces as are asked for. */
export class World implements Disposable {
  readonly platform: Platform;
  readonly host: NetnsHandle;
  readonly #open: Disposable[] = [];
  readonly #talks = new Map<NetnsHandle, Rtnetlink>();

  constructor(platform: Platform) {
    this.platform = platform;
    this.host = this.create();
    this.done(this.host, addLink({ kind: "veth", ...p0, peer: p1 }));
    this.done(this.host, setLink({ link: p0, state: "up" }));
    this.done(this.host, setLink({ link: p1, state: "up" }));
  }

  create(): NetnsHandle {
    const netns = must(this.platform.namespaces.create());
    this.#open.push(netns);
    return netns;
  }

  talk(netns: NetnsHandle): Rtnetlink {
    const known = this.#talks.get(netns);
    if (known !== undefined) return known;
    const opened = must(openRtnetlink(this.platform, netns));
    this.#open.push(opened);
    this.#talks.set(netns, opened);
    return opened;
  }

  done(netns: NetnsHandle, request: Request): void {
    must(this.talk(netns).request(request));
  }

  /** The errno of a refusal, or "done". */
  errno<T>(netns: NetnsHandle, request: Request<T>): string {
    const result = this.talk(netns).request(request);
    return result.ok ? "done" : result.error.errno;
  }

  link(netns: NetnsHandle, ifindex: number): Link | undefined {
    const found = this.talk(netns).request(getLink({ ifindex }));
    return found.ok ? found.value : undefined;
  }

  names(netns: NetnsHandle): readonly string[] {
    return must(this.talk(netns).dump(listLinks())).map((link) => link.name);
  }

  /** Without the link-local ones, which the kernel gives by itself. */
  addresses(netns: NetnsHandle): readonly string[] {
    const rows = must(this.talk(netns).dump(listAddresses()));
    const own = rows.filter((row) => !isLinkLocal(prefixIp(interfaceAddressPrefix(row.address))));
    return own.map((row) => `${row.ifindex} ${row.address}`);
  }

  /** Unicast routes of the main table, without link-local ones. */
  routes(netns: NetnsHandle): readonly string[] {
    const rows = must(this.talk(netns).dump(listRoutes())).filter(
      (row) => row.table === MAIN_TABLE && row.type === "unicast",
    );
    const own = rows.filter((row) => row.to !== "fe80::/64");
    return own.map(({ to, gateway, ifindex, protocol }) => {
      return `${to}${gateway === undefined ? "" : ` via ${gateway}`} ${ifindex} ${protocol}`;
    });
  }

  filter(): readonly Mac[] {
    const rows = must(this.talk(this.host).dump(listFdb(p0)));
    return rows.map((row) => row.mac).filter((row) => row.startsWith("02:"));
  }

  /** Waits for what the kernel does some time later, as taking a namespace down. */
  async eventually(condition: () => boolean): Promise<boolean> {
    for (let i = 0; i < 300 && !condition(); i++) await this.platform.clock.sleep(millis(10));
    return condition();
  }

  [Symbol.dispose](): void {
    for (const item of this.#open.reverse()) item[Symbol.dispose]();
  }
}

type ChildWish = Partial<Omit<Extract<NewLink, { readonly kind: "macvlan" | "macvtap" }>, "kind">>;

/** Makes the macvlan c0 of p0 in `netns`. */
export function child(netns: NetnsHandle, change: ChildWish = {}): Request {
  const mode = { kind: "bridge" } as const;
  return addLink({ kind: "macvlan", ...c0, parent: p0, mode, netns: { fd: netns.fd }, ...change });
}
