import type { Ip6 } from "../../addr/index.ts";
import { interfaceAddressIp, ipVersion } from "../../addr/index.ts";
import { err, ok, type Problem, type Result } from "../../base/index.ts";
import { listAddresses } from "../../netlink/index.ts";
import { encodeFrame, routerAdvertisement } from "../../wire/index.ts";
import type { Action } from "../format/actions.ts";
import { nodeHasNo } from "../lab-problems.ts";
import { openProbe, probeProblem } from "../measure/probe-socket.ts";
import type { Lab, RunningNode } from "../world/lab.ts";
import { findLink, refusedOn } from "../world/requests.ts";

/** A machine tells the LAN, once, that it is a router and what prefix hosts may use. */
export async function advertise(
  lab: Lab,
  { machine, prefix }: Extract<Action, { kind: "advertise" }>,
): Promise<Result<void, Problem>> {
  const node = lab.node(machine);
  const name = node.role.kind === "machine" ? node.role.nic.name : "eth0";
  const link = findLink(node, name);
  if (!link.ok) return link;
  const { ifindex, mac } = link.value;
  const source = linkLocal(node, ifindex);
  if (!source.ok) return source;
  if (mac === undefined) return err(nodeHasNo({ node: machine, what: "MAC address", on: name }));
  const opened = openProbe(lab, node, { kind: "packet", ifindex });
  if (!opened.ok) return opened;
  using socket = opened.value;
  const sent = socket.send(encodeFrame(routerAdvertisement(mac, source.value, prefix)));
  return sent.ok ? ok() : err(probeProblem(node, sent.error));
}

/** RFC 4861 section 4.2: a router speaks by the link-local address of its link. */
function linkLocal(node: RunningNode, ifindex: number): Result<Ip6, Problem> {
  const rows = node.link.dump(listAddresses(6));
  if (!rows.ok) return err(refusedOn(node.name, rows.error));
  const own = rows.value.find((row) => row.ifindex === ifindex && row.scope === "link");
  const ip = own === undefined ? undefined : interfaceAddressIp(own.address);
  if (ip === undefined || ipVersion(ip) !== 6) {
    return err(nodeHasNo({ node: node.name, what: "link-local address", on: undefined }));
  }
  return ok(ip as Ip6);
}
