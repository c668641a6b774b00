import type { EndpointView, LeaseView, NetworkView } from "../engine/index.ts";
import type { LabReport } from "../lab/index.ts";

/** What a command found or did, before anybody decides how to show it. */
export type Outcome =
  | { readonly kind: "networks"; readonly networks: readonly NetworkView[] }
  | { readonly kind: "network"; readonly event: NetworkEvent; readonly view: NetworkView }
  | { readonly kind: "endpoints"; readonly endpoints: readonly EndpointView[] }
  | { readonly kind: "endpoint"; readonly event: EndpointEvent; readonly view: EndpointView }
  | {
      readonly kind: "leases";
      readonly event: "listed" | "released";
      readonly leases: readonly LeaseView[];
    }
  | { readonly kind: "lab"; readonly event: "demo" | "run"; readonly report: LabReport };

export type NetworkEvent = "created" | "inspected" | "removed";
export type EndpointEvent = "attached" | "inspected" | "detached";
