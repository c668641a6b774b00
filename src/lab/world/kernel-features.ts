import { err, ok, type Problem, type Result } from "../../base/index.ts";
import { addLink, type Request } from "../../netlink/index.ts";
import type { Platform } from "../../platform/index.ts";
import type { KernelFeature } from "../format/scenario.ts";
import { emptyLab } from "./empty-lab.ts";
import { refusedOn } from "./requests.ts";

/** The ends of a wire that a probe hangs its link on: one link is for macvlan or for ipvlan. */
const PARENT = { ifindex: 100, name: "parent" };
const IPVLAN_PARENT = { ifindex: 101, name: "peer" };

/**
 * The features that this kernel lacks, found by making a link of each kind in a namespace of its
 * own: lists of modules do not show drivers that are built in.
 */
export async function missingFeatures(
  platform: Platform,
  needs: readonly KernelFeature[],
): Promise<Result<readonly KernelFeature[], Problem>> {
  await using lab = emptyLab(platform, new AbortController().signal);
  const node = lab.open("probe", () => ({ kind: "container", host: "none" }));
  if (!node.ok) return node;
  const veth = addLink({ kind: "veth", ...PARENT, peer: IPVLAN_PARENT });
  const made = node.value.link.request(veth);
  if (!made.ok && made.error.errno !== "EOPNOTSUPP") return err(refusedOn("probe", made.error));
  if (!made.ok) return ok(needs);
  return ok(needs.filter((feature) => !isThere(feature)));

  function isThere(feature: KernelFeature): boolean {
    const request = probeOf(feature);
    if (request === undefined) return feature === "veth";
    return node.ok && node.value.link.request(request).ok;
  }
}

/** A link of the kind; undefined for that of the parent, which was made. */
function probeOf(feature: KernelFeature): Request | undefined {
  const mode = { kind: "bridge" } as const;
  switch (feature) {
    case "macvlan":
      return addLink({ kind: "macvlan", name: "p-macvlan", parent: PARENT, mode });
    case "macvtap":
      return addLink({ kind: "macvtap", name: "p-macvtap", parent: PARENT, mode });
    case "bridge":
      return addLink({ kind: "bridge", name: "p-bridge" });
    case "ipvlan":
      return addLink({ kind: "ipvlan", name: "p-ipvlan", parent: IPVLAN_PARENT, mode: "l2" });
    case "ipvtap":
      return addLink({ kind: "ipvtap", name: "p-ipvtap", parent: IPVLAN_PARENT, mode: "l2" });
    case "vlan":
      return addLink({ kind: "vlan", name: "p-vlan", parent: PARENT, id: 10 });
    case "vxlan":
      return addLink({ kind: "vxlan", name: "p-vxlan", id: 10, port: 4789 });
    case "dummy":
      return addLink({ kind: "dummy", name: "p-dummy" });
    case "veth":
      return undefined;
  }
}
