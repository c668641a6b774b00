import { err, ok, type Result } from "../../base/index.ts";
import type { IpamConfig } from "../conf/ipam.ts";
import type { PluginConfig } from "../conf/plugin.ts";
import { type AddressPlan, planGiven, planSets } from "../ipam/choose-addresses.ts";
import { delegate } from "../ipam/delegate.ts";
import type { AttachmentCall } from "../spec/call.ts";
import { parseJson } from "../spec/call.ts";
import { decodeResult } from "../spec/decode-result.ts";
import { type CniError, cniError } from "../spec/error.ts";
import type { Context } from "./context.ts";

/** How long another's IPAM may take to give back what a failed ADD had of it. */
const RELEASE_TIMEOUT_MS = 10_000;

/** Where the addresses of an ADD come from; another's IPAM is asked for them here. */
export async function planAddresses(
  context: Context,
  call: AttachmentCall,
  config: PluginConfig,
): Promise<Result<AddressPlan, CniError>> {
  if (config.kind === "landfall") {
    return ok({ addressing: { kind: "network", requested: config.requested }, routes: [] });
  }
  const { ipam, previous } = config;
  switch (ipam.kind) {
    case "none":
      return ok({ addressing: { kind: "none" }, routes: [] });
    case "previous":
      return ok(planGiven(previous?.ips ?? [], previous?.routes ?? []));
    case "host-local":
      return planSets(ipam);
    case "static":
      return ok(planGiven(ipam.addresses, ipam.routes));
    case "foreign":
      return askForeign(context, call, ipam);
  }
}

type Foreign = Extract<IpamConfig, { readonly kind: "foreign" }>;

async function askForeign(
  context: Context,
  call: AttachmentCall,
  { type }: Foreign,
): Promise<Result<AddressPlan, CniError>> {
  const { ports, env, signal } = context;
  const delegation = { execute: ports.execute, call, env, type };
  const answer = await delegate(delegation, "ADD", signal);
  const plan = answer.ok ? readForeign(call, type, answer.value) : answer;
  return plan.ok ? plan : err(await releaseForeign(context, call, { type, failure: plan.error }));
}

function readForeign(
  { config }: AttachmentCall,
  type: string,
  text: string,
): Result<AddressPlan, CniError> {
  const json = parseJson(text);
  if (!json.ok) {
    const msg = `the answer of IPAM plugin ${type} is no JSON: ${json.error}`;
    return err(cniError("decodingFailure", msg));
  }
  const result = decodeResult(json.value, config.version, `result of ${type}`);
  if (!result.ok) return result;
  const { ips, routes } = result.value;
  if (ips.length > 0) return ok(planGiven(ips, routes));
  return err(cniError("internal", `IPAM plugin ${type} returned missing IP config`));
}

/** Tells another's IPAM DEL after a failed ADD; the failure, with what went wrong of that. */
export async function releaseForeign(
  { ports, env }: Context,
  call: AttachmentCall,
  { type, failure }: { readonly type: string; readonly failure: CniError },
): Promise<CniError> {
  const delegation = { execute: ports.execute, call, env, type };
  // Not the caller's signal: what it called off must not stay.
  const released = await delegate(delegation, "DEL", AbortSignal.timeout(RELEASE_TIMEOUT_MS));
  // One that cannot be asked, such as one that is not there, need not be told so twice.
  if (released.ok || released.error.msg === failure.msg) return failure;
  const said = `IPAM plugin ${type} did not take its addresses back: ${released.error.msg}`;
  const details = failure.details === undefined ? said : `${failure.details} ${said}`;
  return { ...failure, details };
}
