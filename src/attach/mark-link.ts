import { err, ok } from "../base/index.ts";
import { describeStep, type MarkLink } from "../domain/index.ts";
import { setLink } from "../netlink/index.ts";
import { observeOwnLink } from "./observe-sandbox.ts";
import { refusalProblem } from "./refusals.ts";
import type { StepHandler } from "./step.ts";

/** Gives the link its alias, by which it is known as ours wherever it is taken. */
export const markLink: StepHandler<MarkLink> = {
  observe: ({ link }, { sandbox }) => {
    const own = observeOwnLink(sandbox, link);
    if (!own.ok) return own;
    if (own.value.kind !== "ours") return ok(own.value.kind === "foreign" ? "foreign" : "undone");
    return ok(own.value.link.alias === link.alias ? "done" : "undone");
  },
  do: async (step, { sandbox }, permit) => {
    const permitted = permit(describeStep(step));
    if (!permitted.ok) return permitted;
    const { ifindex, madeAs: name, alias } = step.link;
    const marked = sandbox.request(setLink({ link: { ifindex, name }, alias }));
    return marked.ok ? ok() : err(refusalProblem(marked.error, describeStep(step)));
  },
  // The mark goes with the link.
  undo: async () => ok(),
};
