/**
 * Networks as scenarios: a file says what is there and what must hold, the runner builds it from
 * real kernel links in namespaces of its own, drives the real engine, and measures with real
 * packets. Contract: nothing outlives the process, and nothing of the machine's own network is
 * touched. Must not know how results are shown.
 */
export { type Action, formatAction, parseAction } from "./format/actions.ts";
export { parseScenario } from "./format/parse-scenario.ts";
export type { Door, Scenario } from "./format/scenario.ts";
export { scenarioProblems } from "./format/scenario-problems.ts";
export { scenarioJsonSchema } from "./format/scenario-schema.ts";
export { runGuest } from "./guest/run-guest.ts";
export { labProblems } from "./lab-problems.ts";
export type {
  CheckReport,
  LabProgress,
  LabReport,
  MatrixCell,
  MatrixReport,
  ScenarioReport,
} from "./report.ts";
export {
  type KernelChoice,
  type LabOptions,
  type LabWish,
  runDemo,
  runLab,
} from "./run-lab.ts";
