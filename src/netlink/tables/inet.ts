import { ok } from "../../base/index.ts";
import { attribute, nest, only, type Rows, type Table, table, type Values } from "../attribute.ts";
import { bytes, type Field, malformed, numberAt, s32, u8, u32 } from "../field.ts";
import { enumeration } from "../vocabulary.ts";

/** IPv4 settings of one link by their IPV4_DEVCONF_* index (include/uapi/linux/ip.h). */
export const inetSettingsTable = table({
  forwarding: attribute(1, s32),
  mcForwarding: attribute(2, s32),
  proxyArp: attribute(3, s32),
  acceptRedirects: attribute(4, s32),
  secureRedirects: attribute(5, s32),
  sendRedirects: attribute(6, s32),
  sharedMedia: attribute(7, s32),
  rpFilter: attribute(8, s32),
  acceptSourceRoute: attribute(9, s32),
  logMartians: attribute(11, s32),
  arpFilter: attribute(13, s32),
  arpAnnounce: attribute(18, s32),
  arpIgnore: attribute(19, s32),
  promoteSecondaries: attribute(20, s32),
  arpAccept: attribute(21, s32),
  arpNotify: attribute(22, s32),
  acceptLocal: attribute(23, s32),
  proxyArpPvlan: attribute(25, s32),
  routeLocalnet: attribute(26, s32),
  ignoreRoutesWithLinkdown: attribute(29, s32),
  dropUnicastInL2Multicast: attribute(30, s32),
  dropGratuitousArp: attribute(31, s32),
  bcForwarding: attribute(32, s32),
  arpEvictNocarrier: attribute(33, s32),
});

/** IPv4 settings by name, as net.ipv4.conf.LINK.* has them (arpNotify is arp_notify). */
export type InetSettings = Omit<Values<typeof inetSettingsTable.rows>, "unknown">;

/**
 * The kernel takes settings as attributes but answers with an array of s32, where index 1 comes
 * first (inet_fill_link_af in net/ipv4/devinet.c).
 */
export interface SettingsArray<R extends Rows> extends Field<Omit<Values<R>, "unknown">> {
  readonly kind: "settingsArray";
  readonly of: Table<R>;
}

function settingsArray<R extends Rows>(of: Table<R>): SettingsArray<R> {
  return {
    kind: "settingsArray",
    of,
    read: (content, from = 0, to = content.length) => {
      if ((to - from) % 4 !== 0) return malformed(`${to - from} bytes, not whole numbers`);
      const values: Record<string, unknown> = {};
      for (let at = from; at < to; at += 4) {
        const name = of.find((at - from) / 4 + 1)?.name;
        if (name !== undefined) values[name] = numberAt(content, at, 4) | 0;
      }
      return ok(values as Omit<Values<R>, "unknown">);
    },
    write: (writer, value) => {
      const values: Readonly<Record<string, unknown>> = value;
      const last = Math.max(0, ...Object.keys(values).map((name) => of.rows[name]?.id ?? 0));
      for (let id = 1; id <= last; id++) {
        const setting = values[of.nameOf(id) ?? ""];
        s32.write(writer, typeof setting === "number" ? setting : 0);
      }
    },
  };
}

/** IFLA_INET6_*: per-link IPv6 state. The kernel takes only addrGenMode and token. */
const inet6 = table({
  flags: attribute(1, u32),
  conf: attribute(2, bytes),
  stats: attribute(3, bytes),
  cacheInfo: attribute(5, bytes),
  icmp6Stats: attribute(6, bytes),
  token: attribute(7, bytes),
  addrGenMode: attribute(8, enumeration(u8, { eui64: 0, none: 1, stableSecret: 2, random: 3 })),
  raMtu: attribute(9, u32),
});

/** How the kernel makes IPv6 link-local addresses: IN6_ADDR_GEN_MODE_*. */
export type AddrGenMode = "eui64" | "none" | "stableSecret" | "random";

const AF_INET = 2;
const AF_INET6 = 10;
const IFLA_INET_CONF = 1;

/** IFLA_AF_SPEC in a request. */
export const afSpecRequest = nest(
  table({
    inet: attribute(
      AF_INET,
      nest(table({ conf: attribute(IFLA_INET_CONF, nest(inetSettingsTable)) })),
    ),
    inet6: attribute(AF_INET6, nest(inet6)),
  }),
);

const afSpecTable = table({
  inet: attribute(
    AF_INET,
    nest(table({ conf: attribute(IFLA_INET_CONF, settingsArray(inetSettingsTable)) })),
  ),
  inet6: attribute(AF_INET6, nest(inet6)),
});

/** IFLA_AF_SPEC in an answer. */
export const afSpecAnswer = nest(afSpecTable);

/** As `afSpecAnswer`, without IPv6: a kilobyte of counters and settings of each link. */
export const afSpecInet = nest(only(afSpecTable, "inet"));
