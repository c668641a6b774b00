import { err, ok, type Problem, type Result } from "../base/index.ts";
import type { LinkIdentity, RemoveLink } from "../domain/index.ts";
import { deleteLinkAside } from "../netlink/index.ts";
import type { AttachContext } from "./context.ts";
import { observeOwnLink } from "./observe-sandbox.ts";
import { refusalProblem } from "./refusals.ts";
import type { StepHandler } from "./step.ts";

/** Deletes the link. What is not ours, or not there any more, is left as it is. */
export const removeLink: StepHandler<RemoveLink> = {
  observe: (step, { sandbox }) => {
    const own = observeOwnLink(sandbox, step.link);
    if (!own.ok) return own;
    return ok(own.value.kind === "ours" ? "undone" : "done");
  },
  do: (step, context) => removeOwnLink(step.link, context),
  // A deleted link cannot be brought back as it was, so plans have this step last.
  undo: async () => ok(),
};

/** Deletes the link with this identity if it is there and ours. */
export async function removeOwnLink(
  identity: LinkIdentity,
  { platform, sandbox, sandboxNetns }: AttachContext,
): Promise<Result<void, Problem>> {
  const own = observeOwnLink(sandbox, identity);
  if (!own.ok) return own;
  if (own.value.kind !== "ours") return ok();
  const { ifindex, name } = own.value.link;
  const deleted = await deleteLinkAside(platform, sandboxNetns, { ifindex, name });
  if (deleted.ok) return ok();
  // It may have gone by itself since the look (ENODEV), or only the answer was lost (ENOBUFS).
  const after = observeOwnLink(sandbox, identity);
  if (after.ok && after.value.kind !== "ours") return ok();
  return err(refusalProblem(deleted.error, `delete ${name}`));
}
