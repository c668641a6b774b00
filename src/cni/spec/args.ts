import { err, ok, type Result } from "../../base/index.ts";
import { type CniError, cniError } from "./error.ts";

/**
 * What plugins may be told by CNI_ARGS. One list for all: a key that one plugin of the list knows
 * must not fail the other, as MAC does with the reference's macvlan and host-local.
 */
const knownKeys = [
  ...["IgnoreUnknown", "IP", "GATEWAY", "MAC"],
  ...["K8S_POD_NAMESPACE", "K8S_POD_NAME", "K8S_POD_INFRA_CONTAINER_ID", "K8S_POD_UID"],
] as const;

export type CniArgs = ReadonlyMap<(typeof knownKeys)[number], string>;

/**
 * "K=V;K2=V2". Keys are matched exactly; an empty value is no value. Unknown ones are refused
 * unless IgnoreUnknown, wherever it stands, says that they do not matter.
 */
export function parseArgs(text: string): Result<CniArgs, CniError> {
  const args = new Map<(typeof knownKeys)[number], string>();
  const unknown: string[] = [];
  if (text === "") return ok(args);
  for (const pair of text.split(";")) {
    const [name = "", value, ...rest] = pair.split("=");
    if (value === undefined || rest.length > 0) {
      return err(refusal(`invalid pair ${JSON.stringify(pair)}`));
    }
    const key = knownKeys.find((known) => known === name);
    if (key === undefined) unknown.push(JSON.stringify(pair));
    else if (value === "") args.delete(key);
    else args.set(key, value);
  }
  const ignores = args.get("IgnoreUnknown")?.toLowerCase() ?? "false";
  if (!["1", "true", "0", "false"].includes(ignores)) {
    const pair = JSON.stringify(`IgnoreUnknown=${args.get("IgnoreUnknown")}`);
    const reason = `boolean unmarshal error: invalid input ${ignores}`;
    return err(refusal(`error parsing value of pair ${pair}: ${reason}`));
  }
  const isLenient = ignores === "1" || ignores === "true";
  if (unknown.length === 0 || isLenient) return ok(args);
  return err(refusal(`unknown args [${unknown.join(" ")}]`));
}

function refusal(reason: string): CniError {
  return cniError("invalidEnvironment", `CNI_ARGS: ${reason}`);
}
