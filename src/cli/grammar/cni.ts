import { or } from "@optique/core/constructs";
import { command } from "@optique/core/primitives";
import { cniInstallCommand, cniUninstallCommand } from "./cni-install.ts";
import { cniRunCommand } from "./cni-run.ts";
import { examples, groupUsage, words } from "./describe.ts";

const commands = or(cniInstallCommand, cniUninstallCommand, cniRunCommand);

/** `landfall cni …` */
export const cniCommand = command("cni", commands, {
  usageLine: groupUsage,
  brief: words("CNI: the plugins of container runtimes."),
  footer: examples(
    "landfall cni install",
    "landfall cni run add lan --netns web --container-id web",
  ),
});
