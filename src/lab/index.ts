/**
 * Networks as scenarios: a file says what is there and what must hold, the runner builds it from
 * real kernel links in namespaces of its own, drives the real engine, and measures with real
 * packets. Contract: nothing outlives the process, and nothing of the machine's own network is
 * touched. Must not know how results are shown.
 */
export { type Action, formatAction, parseAction } from "./actions.ts";
export { labProblems } from "./lab-problems.ts";
export { parseScenario } from "./parse-scenario.ts";
export type {
  CheckReport,
  LabProgress,
  LabReport,
  MatrixCell,
  MatrixReport,
  ScenarioReport,
} from "./report.ts";
export { type KernelChoice, kernelChoices, type LabOptions, runDemo, runLab } from "./run-lab.ts";
export type { Scenario } from "./scenario.ts";
export { scenarioProblems } from "./scenario-problems.ts";
export { scenarioJsonSchema } from "./scenario-schema.ts";
