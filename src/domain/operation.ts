import { type Millis, unreachable } from "../base/index.ts";
import { type Driver, formatDriverChange } from "./driver.ts";
import type { Sandbox } from "./endpoint.ts";
import type { EndpointId, NetworkId, OperationId } from "./ids.ts";
import type { Step } from "./plan.ts";

/** A change of kernel and book between its intent and its outcome. */
export type Operation = EndpointOperation | NetworkUpdate;

/** An attach or detach; or a restore, which makes the link of an endpoint anew. */
export interface EndpointOperation extends OperationFacts {
  readonly kind: "attach" | "detach" | "restore";
  readonly endpoint: EndpointId;
  readonly sandbox: Sandbox;
  readonly plan: readonly Step[];
}

/**
 * A change of a network's driver and of every link on it. The network keeps the former driver until
 * the outcome; no endpoint comes or goes meanwhile, so its rows say which links are meant.
 */
export interface NetworkUpdate extends OperationFacts {
  readonly kind: "update-network";
  readonly before: Driver;
  readonly after: Driver;
}

interface OperationFacts {
  readonly id: OperationId;
  readonly network: NetworkId;
  /** Set when it failed and could not be undone at once: whoever asked was told that it failed. */
  readonly decided?: "undo";
  readonly bootId: string;
  /** CLOCK_BOOTTIME. */
  readonly startedAt: Millis;
  /** When it is given up and undone, if it has not ended by then. */
  readonly deadline: Millis;
}

/** What an operation does, for people. */
export function describeOperation(operation: Operation): string {
  switch (operation.kind) {
    case "attach":
    case "detach":
    case "restore":
      return operation.kind;
    case "update-network":
      return `change ${formatDriverChange(operation.before, operation.after)}`;
    default:
      return unreachable(operation);
  }
}
