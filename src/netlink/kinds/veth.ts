import type { Mac } from "../../addr/index.ts";
import { attribute, table } from "../attribute.ts";
import { type NetnsRef, netnsPath, option } from "../command.ts";
import { headed } from "../struct.ts";
import { linkHeader, newLinkHeader, peerTable } from "../tables/link.ts";
import type { LinkKind } from "./link-kind.ts";

/** VETH_INFO_* in IFLA_INFO_DATA: the other end, as a link message of its own. Only in requests. */
const vethTable = table({ peer: attribute(1, headed(linkHeader, peerTable)) });

/** `ip link add … type veth peer …`. The peer cannot be created up (ENOTCONN). */
export interface NewVeth {
  readonly kind: "veth";
  readonly peer: {
    readonly name: string;
    readonly ifindex?: number;
    readonly mac?: Mac;
    readonly mtu?: number;
    readonly netns?: NetnsRef;
  };
}

/** A veth has nothing that can be changed by kind. */
export interface VethChange {
  readonly kind: "veth";
}

export const veth: LinkKind<typeof vethTable, NewVeth, VethChange> = {
  table: vethTable,
  create: ({ peer: { name, ifindex, mac, mtu, netns } }) => ({
    data: {
      peer: {
        header: { ...newLinkHeader, ifindex: ifindex ?? 0 },
        attributes: {
          ...(mac === undefined ? {} : { address: mac }),
          ...(mtu === undefined ? {} : { mtu }),
          ...(netns === undefined ? {} : { netnsFd: netns.fd }),
          name,
        },
      },
    },
    words: [
      ...["peer", "name", name],
      ...option("index", ifindex),
      ...option("address", mac),
      ...option("mtu", mtu),
      ...option("netns", netns && netnsPath(netns)),
    ],
  }),
  change: () => ({ data: {}, words: [] }),
};
