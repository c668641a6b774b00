import {
  bootUml as boot,
  findUml,
  hasUml,
  type UmlEnding,
  type UmlMachine,
  type UmlSpec,
} from "../../src/uml/index.ts";
import { must } from "./must.ts";

export { hasUml, type UmlEnding, type UmlSpec };

/** A user-mode kernel; a machine that could have one and does not is a failure of the test. */
export function bootUml(spec: UmlSpec): UmlMachine {
  return boot(must(findUml()), spec);
}
