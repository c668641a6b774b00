import { formatRange } from "../../addr/index.ts";
import {
  type Driver,
  driverFlag,
  type Endpoint,
  type ExtraRoute,
  formatAttachment,
  formatDriver,
  type Reservation,
  tapDevice,
} from "../../domain/index.ts";
import type { EndpointView, LeaseView, NetworkView, OwnLeaseView } from "../../engine/index.ts";
import type { Paint } from "./look.ts";
import { type Cell, NONE, properties, table } from "./table.ts";

export function networkTable(networks: readonly NetworkView[], paint: Paint): string {
  const rows = networks.map(({ network, endpoints }) => [
    network.name,
    formatDriver(network.driver),
    network.parent,
    list(network.subnets.map((subnet) => subnet.prefix)),
    list(network.subnets.flatMap((subnet) => subnet.gateway ?? [])),
    String(endpoints.length),
  ]);
  const titles = ["NETWORK", "DRIVER", "PARENT", "SUBNET", "GATEWAY", "ENDPOINTS"];
  return table([heading(titles), ...rows], paint);
}

export function endpointTable(endpoints: readonly EndpointView[], paint: Paint): string {
  const rows = endpoints.map(({ endpoint, network }) => [
    endpoint.id,
    network,
    endpoint.ifname,
    list(endpoint.addresses),
    endpoint.link.mac ?? NONE,
    endpoint.state,
    endpoint.workload ?? endpoint.attachment?.containerId ?? NONE,
    endpoint.sandbox.path,
  ]);
  const titles = ["ENDPOINT", "NETWORK", "IFNAME", "ADDRESS", "MAC", "STATE", "NAME", "SANDBOX"];
  return table([heading(titles), ...rows], paint);
}

export function leaseTable(leases: readonly LeaseView[], paint: Paint): string {
  const rows = leases.map((view) =>
    view.kind === "elsewhere"
      ? [view.address, view.segment, NONE, `by ${view.file}`, NONE, view.holder.containerId]
      : [
          view.address,
          view.segment,
          view.network,
          view.kind === "held" ? view.kind : `${view.kind} until ${view.until}`,
          view.endpoint,
          view.workload ?? containerOf(view) ?? NONE,
        ],
  );
  const titles = ["ADDRESS", "SEGMENT", "NETWORK", "STATE", "ENDPOINT", "NAME"];
  return table([heading(titles), ...rows], paint);
}

function containerOf(view: OwnLeaseView): string | undefined {
  return view.kind === "held" ? view.attachment?.containerId : undefined;
}

export function networkProperties({ network, endpoints }: NetworkView, paint: Paint): string {
  const { subnets } = network;
  const pairs: readonly (readonly [string, Cell])[] = [
    ["network", { text: network.name, style: "strong" }],
    ["id", network.id],
    ["driver", formatDriver(network.driver)],
    ...driverPairs(network.driver),
    ["parent", network.parent],
    ["segment", network.segment],
    ["subnets", list(subnets.map((subnet) => subnet.prefix))],
    ["gateways", list(subnets.flatMap((subnet) => subnet.gateway ?? []))],
    ...(network.routers === undefined ? [] : [["routers", list(network.routers)] as const]),
    ["ranges", list(subnets.flatMap((subnet) => subnet.ranges.map(formatRange)))],
    ["exclusions", list(subnets.flatMap((subnet) => subnet.exclusions.map(formatRange)))],
    ["reserved", list((network.reservations ?? []).map(reservationText))],
    ["routes", list(network.routes.map(routeText))],
    ["mtu", network.mtu === undefined ? "that of the parent" : String(network.mtu)],
    ["reach", network.reach],
    ["endpoints", list(endpoints)],
    ["created", network.createdAt],
  ];
  return properties(pairs, paint);
}

/** The options that not every mode has, where they are set. */
function driverPairs(driver: Driver): readonly (readonly [string, Cell])[] {
  const flag = driverFlag(driver);
  const bcQueueLen = driver.kind === "macvlan" ? driver.bcQueueLen : undefined;
  return [
    ...(flag === undefined ? [] : [["flag", flag] as const]),
    ...(driver.mode === "source" ? [["sources", list(driver.allowedMacs)] as const] : []),
    ...(bcQueueLen === undefined ? [] : [["bcqueuelen", String(bcQueueLen)] as const]),
  ];
}

export function endpointProperties({ endpoint, network }: EndpointView, paint: Paint): string {
  const tap = tapDevice(endpoint);
  const pairs: readonly (readonly [string, Cell])[] = [
    ["endpoint", { text: endpoint.id, style: "strong" }],
    ["network", network],
    ["sandbox", endpoint.sandbox.path],
    ["ifname", endpoint.ifname],
    ["mac", endpoint.link.mac ?? "that of the parent"],
    ...(tap === undefined ? [] : [["tap", tap] as const]),
    ["addresses", list(endpoint.addresses)],
    ["gateways", list(endpoint.gateways)],
    ["routes", list(endpoint.routes.map(routeText))],
    ["name", endpoint.workload ?? NONE],
    ...attachmentPairs(endpoint),
    ["state", endpoint.state],
    ["created", endpoint.createdAt],
  ];
  return properties(pairs, paint);
}

/** What only endpoints have that a container runtime asked for. */
function attachmentPairs({
  attachment,
  allocations,
}: Endpoint): readonly (readonly [string, Cell])[] {
  return [
    ...(attachment === undefined ? [] : [["attachment", formatAttachment(attachment)] as const]),
    ...(allocations === undefined ? [] : [["files", allocations.directory] as const]),
  ];
}

function heading(titles: readonly string[]): readonly Cell[] {
  return titles.map((text) => ({ text, style: "note" }));
}

function list(items: readonly string[]): string {
  return items.length === 0 ? NONE : items.join(", ");
}

function routeText({ to, via }: ExtraRoute): string {
  return via === undefined ? to : `${to} via ${via}`;
}

function reservationText({ workload, address }: Reservation): string {
  return `${workload}=${address}`;
}
