import { command } from "@optique/core/primitives";
import { cniRunCommand } from "./cni-run.ts";
import { examples, groupUsage, words } from "./describe.ts";

/** `landfall cni …` */
export const cniCommand = command("cni", cniRunCommand, {
  usageLine: groupUsage,
  brief: words("CNI: the plugins of container runtimes."),
  footer: examples("landfall cni run add lan --netns web --container-id web"),
});
