/**
 * What the process says when it ends; the same meaning for every command (see
 * docs/ARCHITECTURE.md).
 */
export const ExitCode = {
  /** Yes, done, nothing to do. */
  yes: 0,
  /** No, differs, unreachable, a check failed. */
  no: 1,
  /** The command line or a file given by the user is wrong. */
  usage: 2,
  /** A daemon is needed and not there. */
  daemonAway: 3,
  /** Not permitted, or the kernel lacks it. */
  notPermitted: 4,
  /** It was tried and failed. */
  failed: 5,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];
