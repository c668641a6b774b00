/**
 * A second Linux kernel as an ordinary process (user-mode Linux): with this machine's file system
 * as its root, read-only, and drivers that the running kernel may lack. Contract: it changes
 * nothing of this machine, and ends with the process that started it, however that ends. Must not
 * know what it is used for.
 */
export {
  bootUml,
  HOST_ROOT,
  type UmlEnding,
  type UmlMachine,
  type UmlSpec,
} from "./boot-uml.ts";
export { findUml, hasUml, type UmlPrograms } from "./find-uml.ts";
export { umlProblems } from "./problems.ts";
