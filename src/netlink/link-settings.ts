import type { Words } from "./command.ts";
import type { ValueOf } from "./struct.ts";
import type { AddrGenMode, InetSettings } from "./tables/inet.ts";
import type { linkRequest } from "./tables/link-message.ts";

/** Per-family settings of a link. */
export interface FamilySettings {
  /** net.ipv4.conf.LINK.*. */
  readonly inet?: InetSettings;
  /** How the IPv6 link-local address is made. EAFNOSUPPORT where IPv6 is off for the link. */
  readonly addrGenMode?: AddrGenMode;
}

type AfSpec = Pick<ValueOf<typeof linkRequest>["attributes"], "afSpec">;

/** IFLA_AF_SPEC for these settings, or nothing. */
export function afSpec({ inet, addrGenMode }: FamilySettings): AfSpec {
  if (inet === undefined && addrGenMode === undefined) return {};
  return {
    afSpec: {
      ...(inet === undefined ? {} : { inet: { conf: inet } }),
      ...(addrGenMode === undefined ? {} : { inet6: { addrGenMode } }),
    },
  };
}

const addrGenModeWords = {
  eui64: "eui64",
  none: "none",
  stableSecret: "stable_secret",
  random: "random",
} as const satisfies Record<AddrGenMode, string>;

export function addrGenModeWord(mode: AddrGenMode | undefined): string | undefined {
  return mode && addrGenModeWords[mode];
}

/** IPv4 settings as arguments of sysctl; slashes, because names of links may contain dots. */
export function sysctlWords(link: string, inet: InetSettings): Words {
  return Object.entries(inet).map(([name, value]) => {
    const key = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    return `net/ipv4/conf/${link}/${key}=${value}`;
  });
}
