import { or } from "@optique/core/constructs";
import { command } from "@optique/core/primitives";
import { cniInstallCommand, cniUninstallCommand } from "./cni-install.ts";
import { examples, groupUsage, words } from "./describe.ts";

/** `landfall cni …` */
export const cniCommand = command("cni", or(cniInstallCommand, cniUninstallCommand), {
  usageLine: groupUsage,
  brief: words("CNI: the plugins of container runtimes."),
  footer: examples("landfall cni install"),
});
