import { CniCode, defineProblem, ExitCode } from "../base/index.ts";
import { refused } from "./problem-rows.ts";

export const notPermitted = defineProblem("LF-NOT-PERMITTED", {
  title: "Not permitted",
  explanation: "Making links and entering namespaces needs CAP_NET_ADMIN and CAP_SYS_ADMIN.",
  exitCode: ExitCode.notPermitted,
  cniCode: CniCode.refused,
  retryable: false,
  detail: (f: { action: string; errno: string; command: string | undefined }) =>
    `The kernel does not permit it: ${f.action} (${f.errno}).`,
  remedy: () => "Run it as root (sudo). A lab needs no root: landfall demo.",
  command: (f) => f.command,
});

export const kernelLacks = defineProblem("LF-KERNEL-LACKS", {
  title: "The kernel lacks this feature",
  explanation: "The driver is neither built in nor loadable here.",
  exitCode: ExitCode.notPermitted,
  cniCode: CniCode.refused,
  retryable: false,
  detail: (f: { feature: string; errno: string; message: string; command: string | undefined }) =>
    `This kernel has no ${f.feature} (${f.errno}${f.message === "" ? "" : `: ${f.message}`}).`,
  remedy: (f) => `Load it: modprobe ${f.feature}.`,
  command: (f) => f.command,
});

export const kernelRefused = refused("LF-KERNEL-REFUSED", {
  title: "The kernel refused a change",
  explanation: "The errno and the words are the kernel's own; the command does the same by hand.",
  detail: (f: {
    action: string;
    errno: string;
    message: string;
    attribute: string | undefined;
    command: string | undefined;
  }) => {
    const words = f.message === "" ? "" : `: "${f.message}"`;
    const where = f.attribute === undefined ? "" : ` at ${f.attribute}`;
    return `The kernel refused to ${f.action}: ${f.errno}${words}${where}.`;
  },
  remedy: () => "Run the command by hand to see the same answer.",
  command: (f) => f.command,
});
