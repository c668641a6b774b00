import { unreachable } from "../../base/index.ts";
import type { AddedAttachment, AttachmentName, RunReport } from "../../cnirun/index.ts";
import type { Paint } from "./look.ts";
import { type Cell, NONE, properties, table } from "./table.ts";

type Pairs = readonly (readonly [string, Cell])[];

/** What a runtime's side of CNI did, for people. */
export function cniRunText(report: RunReport, paint: Paint): string {
  switch (report.event) {
    case "added":
      return properties(addedPairs(report), paint);
    case "deleted":
      return `${attachmentText(report)}\n`;
    case "checked":
      return report.skipped === undefined
        ? `${attachmentText(report)} is as it was made\n`
        : `${attachmentText(report)} was not checked: ${report.skipped}\n`;
    case "collected": {
      const rows = [
        ...report.removed.map((name) => ["removed", attachmentText(name)]),
        ...report.kept.map((name) => ["kept", attachmentText(name)]),
        ...(report.skipped === undefined ? [] : [["plugins not asked", report.skipped]]),
      ];
      return table(rows, paint);
    }
    case "ready":
      return report.skipped === undefined
        ? `${report.network} is ready\n`
        : `${report.network} was not asked: ${report.skipped}\n`;
    case "versions": {
      const rows = report.plugins.map(({ type, supported }) => [type, supported.join(", ")]);
      return table([["configuration", report.cniVersion], ...rows], paint);
    }
    default:
      return unreachable(report);
  }
}

/** What other commands take. */
export function cniRunIds(report: RunReport): readonly string[] {
  switch (report.event) {
    case "added":
    case "deleted":
    case "checked":
      return [attachmentText(report)];
    case "collected":
      return report.removed.map(attachmentText);
    case "ready":
    case "versions":
      return [report.network];
    default:
      return unreachable(report);
  }
}

function attachmentText({ containerId, ifname }: AttachmentName): string {
  return `${containerId}/${ifname}`;
}

function addedPairs({ network, containerId, ifname, result }: AddedAttachment): Pairs {
  // 0.3.0 and later have lists; before that there is one address of each family.
  const ips = Array.isArray(result.ips)
    ? result.ips.map((ip) => textAt(ip, "address"))
    : [textAt(result.ip4, "ip"), textAt(result.ip6, "ip")];
  const routes = Array.isArray(result.routes) ? result.routes.map(routeText) : [];
  const interfaces = Array.isArray(result.interfaces) ? result.interfaces : [];
  const made = interfaces.find((one) => textAt(one, "name") === ifname);
  return [
    ["attachment", { text: attachmentText({ containerId, ifname }), style: "strong" }],
    ["network", network],
    ["mac", textAt(made, "mac") ?? NONE],
    ["addresses", list(ips)],
    ["routes", list(routes)],
  ];
}

function routeText(route: unknown): string | undefined {
  const [to, via] = [textAt(route, "dst"), textAt(route, "gw")];
  return via === undefined ? to : `${to} via ${via}`;
}

function list(items: readonly (string | undefined)[]): string {
  const there = items.filter((item) => item !== undefined);
  return there.length === 0 ? NONE : there.join(", ");
}

/** Plugins of others wrote it, so that anything may be there. */
function textAt(value: unknown, key: string): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const found = new Map<string, unknown>(Object.entries(value)).get(key);
  return typeof found === "string" ? found : undefined;
}
