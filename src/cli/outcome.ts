import type { RunReport } from "../cnirun/index.ts";
import type { EndpointView, Finding, LeaseView, NetworkView, Reconciled } from "../engine/index.ts";
import type { InstallReport } from "../install/index.ts";
import type { LabReport } from "../lab/index.ts";

/** What a command found or did, before anybody decides how to show it. */
export type Outcome =
  | { readonly kind: "networks"; readonly networks: readonly NetworkView[] }
  | { readonly kind: "network"; readonly event: NetworkEvent; readonly view: NetworkView }
  | { readonly kind: "endpoints"; readonly endpoints: readonly EndpointView[] }
  | { readonly kind: "endpoint"; readonly event: EndpointEvent; readonly view: EndpointView }
  | { readonly kind: "findings"; readonly findings: readonly Finding[] }
  | { readonly kind: "reconciled"; readonly reconciled: readonly Reconciled[] }
  | {
      readonly kind: "leases";
      readonly event: "listed" | "released";
      readonly leases: readonly LeaseView[];
    }
  | { readonly kind: "served" }
  | { readonly kind: "cni-run"; readonly report: RunReport }
  | { readonly kind: "install"; readonly report: InstallReport }
  | { readonly kind: "lab"; readonly event: "demo" | "run"; readonly report: LabReport };

export type NetworkEvent = "created" | "inspected" | "changed" | "removed";
export type EndpointEvent = "attached" | "inspected" | "detached";
