import { err, ok, type Problem, type Result } from "../base/index.ts";
import { ask } from "./invoke.ts";
import { parseJsonObject } from "./json.ts";
import { pluginBroken } from "./problems.ts";
import type { PluginSite } from "./site.ts";
import { CURRENT_VERSION } from "./versions.ts";

/** VERSION is about no attachment, and older plugins want the variables all the same. */
const dummies = { CNI_NETNS: "dummy", CNI_IFNAME: "dummy", CNI_CONTAINERID: "dummy" };

/** The versions that a plugin says it supports. Errors: as `ask`. */
export async function readVersions(
  type: string,
  site: PluginSite,
): Promise<Result<readonly string[], Problem>> {
  const stdin = { cniVersion: CURRENT_VERSION };
  const answer = await ask(type, { command: "VERSION", variables: dummies, stdin }, site);
  if (!answer.ok) return answer;
  const object = parseJsonObject(answer.value);
  const supported = object.ok ? object.value.supportedVersions : undefined;
  if (Array.isArray(supported) && supported.every((one) => typeof one === "string")) {
    return ok(supported);
  }
  const reason = object.ok ? "it names no supportedVersions" : `its answer ${object.error}`;
  return err(pluginBroken({ type, command: "VERSION", reason }));
}
