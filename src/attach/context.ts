import { err, mapError, ok, type Problem, type Result } from "../base/index.ts";
import { openRtnetlink, type Rtnetlink } from "../netlink/index.ts";
import type { NetnsHandle, Platform } from "../platform/index.ts";
import type { ParentLink } from "./observe-parent.ts";
import { refusalProblem } from "./refusals.ts";

/**
 * The two sides of an attachment while it is worked on: the namespace of the parent and the
 * sandbox. Open it for one operation and dispose of it: a conversation keeps its namespace alive.
 */
export interface AttachContext extends Disposable {
  readonly platform: Platform;
  readonly host: Rtnetlink;
  readonly sandbox: Rtnetlink;
  readonly sandboxNetns: NetnsHandle;
  /** The parent, where it was looked at a moment ago. */
  readonly parent?: ParentLink;
}

/** Opens both conversations. Errors: LF-NOT-PERMITTED, LF-KERNEL-REFUSED. */
export function openAttachContext(
  platform: Platform,
  hostNetns: NetnsHandle,
  sandboxNetns: NetnsHandle,
): Result<AttachContext, Problem> {
  const host = openConversation(platform, hostNetns);
  if (!host.ok) return host;
  // A link that a runtime moves is made on the host itself: one conversation does for both.
  const sandbox =
    hostNetns.cookie === sandboxNetns.cookie ? host : openConversation(platform, sandboxNetns);
  if (!sandbox.ok) {
    host.value.close();
    return err(sandbox.error);
  }
  return ok({
    platform,
    host: host.value,
    sandbox: sandbox.value,
    sandboxNetns,
    [Symbol.dispose]: () => {
      host.value.close();
      sandbox.value.close();
    },
  });
}

/** A conversation with the kernel about one namespace. */
export function openConversation(
  platform: Platform,
  netns: NetnsHandle,
): Result<Rtnetlink, Problem> {
  return mapError(openRtnetlink(platform, netns), (refusal) =>
    refusalProblem(refusal, "enter a network namespace"),
  );
}
