import { err, ok, type Problem, type Result } from "../../base/index.ts";
import { addLink, type Request } from "../../netlink/index.ts";
import type { Platform } from "../../platform/index.ts";
import type { KernelFeature } from "../format/scenario.ts";
import { emptyLab } from "./empty-lab.ts";
import { refusedOn } from "./requests.ts";

/** Links that a probe hangs its link on. */
const PARENT = { ifindex: 100, name: "parent" };

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
  const veth = addLink({ kind: "veth", ...PARENT, peer: { name: "peer", ifindex: 101 } });
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

/** A link of the kind; undefined where this version cannot make one to find out. */
function probeOf(feature: KernelFeature): Request | undefined {
  const mode = { kind: "bridge" } as const;
  switch (feature) {
    case "macvlan":
      return addLink({ kind: "macvlan", name: "p-macvlan", parent: PARENT, mode });
    case "macvtap":
      return addLink({ kind: "macvtap", name: "p-macvtap", parent: PARENT, mode });
    case "bridge":
      return addLink({ kind: "bridge", name: "p-bridge" });
    case "veth":
    case "ipvlan":
    case "ipvtap":
    case "vlan":
    case "vxlan":
    case "dummy":
      return undefined;
  }
}
