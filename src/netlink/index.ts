/**
 * rtnetlink: attribute tables as data, one codec for them, requests as values, a transport.
 * Contract: a verb only builds a Request, with the `ip` command that asks the same; Rtnetlink sends
 * requests and gives back values or NetlinkRefusals, never throws for what the kernel says. Bytes
 * that make no sense are errors, unknown attributes survive. Must not retry, undo or explain: it
 * knows links, addresses and routes, not Landfall's networks and endpoints. The codec itself
 * (`…Message`, `encode`, `splitMessages`) is public for what stands in for the kernel in tests.
 */
export { addLink, type NewLink } from "./add-link.ts";
export {
  type Address,
  type AddressSpec,
  addAddress,
  deleteAddress,
  listAddresses,
  listAddressesOf,
  replaceAddress,
} from "./address.ts";
export type { UnknownAttribute } from "./attribute.ts";
export {
  addBridgeVlan,
  type BridgeVlanFlag,
  type BridgeVlanRange,
  type BridgeVlanSpec,
  type BridgeVlans,
  deleteBridgeVlan,
  listBridgeVlans,
  readBridgeVlans,
  type VlanIds,
} from "./bridge-vlan.ts";
export type { LinkRef, NetnsRef } from "./command.ts";
export { deleteLinkAside } from "./delete-link-aside.ts";
export { type KernelEvent, readEvent } from "./event-feed.ts";
export { addFdb, deleteFdb, type FdbEntry, type FdbSpec, listFdb, replaceFdb } from "./fdb.ts";
export type { Decoded, Field, Malformed } from "./field.ts";
export type { BondChange, BondMode, NewBond } from "./kinds/bond.ts";
export type { BridgeOptions } from "./kinds/bridge.ts";
export type { NewDummy } from "./kinds/dummy.ts";
export type { IpvlanChange, IpvlanFlag, IpvlanMode, NewIpvlan } from "./kinds/ipvlan.ts";
export type {
  AllowedMacsChange,
  MacvlanChange,
  MacvlanMode,
  NewMacvlan,
} from "./kinds/macvlan.ts";
export type { NewVeth } from "./kinds/veth.ts";
export type { NewVlan, QosMapping, VlanChange, VlanFlag } from "./kinds/vlan.ts";
export type { NewVxlan, VxlanChange } from "./kinds/vxlan.ts";
export {
  deleteLink,
  getLink,
  type Link,
  type LinkKey,
  type LinkPlace,
  listLinks,
} from "./link.ts";
export type { LinkDetails, OtherKind, PortDetails } from "./link-info.ts";
export type { LinkKindChange, NewLinkKind } from "./link-kinds.ts";
export {
  ControlType,
  encodeMessages,
  MessageFlag,
  type RawMessage,
  splitMessages,
} from "./message.ts";
export {
  type NetlinkEvent,
  type Resync,
  type WatchGroup,
  type WatchOptions,
  watchLinks,
} from "./monitor.ts";
export {
  addNeighbour,
  deleteNeighbour,
  listNeighbours,
  type Neighbour,
  type NeighbourSpec,
  replaceNeighbour,
} from "./neighbour.ts";
export type { NetlinkRefusal } from "./refusal.ts";
export type { DumpRequest, Request } from "./request.ts";
export { encode, Family, MessageType } from "./request.ts";
export {
  addRoute,
  deleteRoute,
  getRoute,
  listMainRoutes,
  listRoutes,
  MAIN_TABLE,
  prependRoute,
  type Route,
  type RouteFilter,
  type RouteSpec,
  replaceRoute,
} from "./route.ts";
export { openRtnetlink, type Rtnetlink } from "./rtnetlink.ts";
export { type LinkChange, type PortChange, setLink, setPort } from "./set-link.ts";
export type { AddressFlag, ScopeName } from "./tables/address.ts";
export { addressMessage } from "./tables/address.ts";
export type { AddrGenMode, InetSettings } from "./tables/inet.ts";
export type { LinkFlag } from "./tables/link.ts";
export { linkMessage, linkRequest } from "./tables/link-message.ts";
export type { NeighbourFlag, NeighbourState } from "./tables/neighbour.ts";
export { neighbourMessage } from "./tables/neighbour.ts";
export type { RouteFlag, RouteProtocol, RouteType } from "./tables/route.ts";
export { routeMessage } from "./tables/route.ts";
export type { VlanProtocol } from "./tables/vlan-protocol.ts";
