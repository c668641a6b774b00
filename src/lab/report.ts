import type { Reachability } from "./format/scenario.ts";

/** What running scenarios found. */
export interface LabReport {
  readonly scenarios: readonly ScenarioReport[];
}

export interface ScenarioReport {
  readonly id: string;
  readonly title: string;
  readonly status: "pass" | "fail" | "skip";
  /** Why it was skipped, or failed before its checks. */
  readonly reason?: string;
  readonly kernel: "host" | "uml";
  readonly seconds: number;
  readonly checks: readonly CheckReport[];
  /** Who reaches whom, for scenarios that ask for it. */
  readonly matrix?: MatrixReport;
}

export interface CheckReport {
  readonly check: string;
  readonly expected: string;
  readonly predicted?: string;
  readonly measured: string;
  /** The disposition that explains the measurement. */
  readonly because?: string;
  readonly ok: boolean;
  /** Lines that help to find out why a check failed. */
  readonly evidence?: readonly string[];
}

export interface MatrixReport {
  readonly nodes: readonly string[];
  /** One for each ordered pair of nodes that was measured. */
  readonly cells: readonly MatrixCell[];
}

export interface MatrixCell {
  readonly from: string;
  readonly to: string;
  readonly expected: Reachability;
  readonly measured: Reachability;
  readonly because?: string;
  readonly ok: boolean;
}

/** What happens while a lab runs, for people who wait. */
export type LabProgress =
  /** A user-mode kernel starts for these scenarios. */
  | { readonly kind: "boot"; readonly scenarios: readonly string[] }
  | { readonly kind: "scenario"; readonly id: string; readonly title: string }
  | { readonly kind: "built"; readonly seconds: number; readonly summary: string }
  | { readonly kind: "check"; readonly check: CheckReport };
