import { CniCode } from "../base/index.ts";
import type { PluginReply } from "./plugin-call.ts";

/**
 * The reply when somebody took a call and gave no answer: the specification's "try again later".
 * The shim's words are the same.
 */
export function lostReply(): PluginReply {
  const msg = "Landfall took the call and gave no answer; what it did is not known";
  return errorReply(CniCode.tryAgainLater, msg);
}

/** An error as the specification has it, on stdout. */
export function errorReply(code: number, msg: string): PluginReply {
  return { exitCode: 1, stdout: `${JSON.stringify({ code, msg })}\n` };
}
