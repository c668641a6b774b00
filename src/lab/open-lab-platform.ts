import { err, type Problem, type Result } from "../base/index.ts";
import { openPlatform, type Platform } from "../platform/index.ts";
import { labNotReady } from "./lab-problems.ts";

/** The platform that a lab is built on. Errors: LF-LAB-NOT-READY. */
export function openLabPlatform(): Result<Platform, Problem> {
  const platform = openPlatform();
  if (platform.ok) return platform;
  const { errno, call } = platform.error;
  return err(labNotReady({ what: `${call}: ${errno}`, seconds: 0 }));
}
