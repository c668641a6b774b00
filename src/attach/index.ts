/**
 * Where the domain meets the kernel: what is there (observe…), and steps that can be done, undone
 * and recognised. Contract: every refusal is a Problem with the kernel's words; nothing that is not
 * ours is changed. Must not read or write the store, or decide what should be.
 */
export { readLastGiven, removeAllocationFiles, removeHeldFile } from "./allocation-files.ts";
export { changeDriver, type DriverState, observeDriver } from "./change-driver.ts";
export { checkIpvlanPort } from "./check-ipvlan-port.ts";
export { type AttachContext, openAttachContext, openConversation } from "./context.ts";
export { type LostLink, observeLife } from "./observe-alive.ts";
export { observeParent, observeParentLink, type Parent } from "./observe-parent.ts";
export { checkHostRoutes } from "./observe-routes.ts";
export {
  observeAddresses,
  observeDefaultRoutes,
  observeLink,
  observeOwnLink,
} from "./observe-sandbox.ts";
export { type Limits, type Permit, permitAlways, permitWithin } from "./permit.ts";
export { callProblem, refusalProblem } from "./refusals.ts";
export { observeStep, type PlanFailure, runPlan, undoPlan } from "./run-plan.ts";
export type { StepState } from "./step.ts";
export {
  discardMade,
  makeVlan,
  observeVlan,
  observeVlanStack,
  removeMarked,
} from "./vlan-links.ts";
