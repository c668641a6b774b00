import { err, ok, type Result } from "../../base/index.ts";
import {
  ifnameTaken,
  type NetworkName,
  parseWorkloadName,
  type WorkloadName,
} from "../../domain/index.ts";
import type { Attached, AttachmentRequest, SandboxHandle } from "../../engine/index.ts";
import { parsePluginConfig } from "../conf/parse-plugin.ts";
import type { PluginConfig } from "../conf/plugin.ts";
import { type AddressPlan, routesOf } from "../ipam/choose-addresses.ts";
import { parseArgs } from "../spec/args.ts";
import type { AttachmentCall } from "../spec/call.ts";
import { encodeResult } from "../spec/encode-result.ts";
import { type CniError, cniErrorOf } from "../spec/error.ts";
import { planAddresses, releaseForeign } from "./address-plan.ts";
import { type Answer, alone, type Context, inCniWords, keyOf, openNetns } from "./context.ts";
import { isAskedOnLink } from "./foreign.ts";
import { networkOf } from "./network-of.ts";
import { resultOf } from "./result-of.ts";

/** One ADD, with its configuration read and its namespace open. */
interface Adding {
  readonly context: Context;
  readonly call: AttachmentCall;
  readonly config: PluginConfig;
  readonly sandbox: SandboxHandle;
}

/** Makes the attachment of the call, or leaves nothing of it. */
export async function add(context: Context, call: AttachmentCall): Answer {
  const config = parsePluginConfig(context.plugin, call);
  if (!config.ok) return config;
  const opened = openNetns(context, call);
  if (!opened.ok) return opened;
  using sandbox = opened.value;
  return await alone(context, keyOf(call), () =>
    addAlone({ context, call, config: config.value, sandbox }),
  );
}

async function addAlone(adding: Adding): Answer {
  const { context, call, config, sandbox } = adding;
  const network = await networkOf(context, call.config.name, config, sandbox);
  if (!network.ok) return network;
  const type = onLink(config);
  if (type !== undefined) return await addLate(adding, { network: network.value, type });
  const free = await refuseTaken(adding);
  if (!free.ok) return free;
  const plan = await planAddresses(context, call, config);
  if (!plan.ok) return plan;
  const request = requestOf(adding, plan.value);
  const added = await context.ports.attachments.add({ ...request, network: network.value });
  if (!added.ok) return undoForeign(adding, cniErrorOf(added.error));
  const text = await answerOf(adding, plan.value, added.value);
  return text.ok ? text : undoForeign(adding, text.error);
}

/** The name of another's IPAM plugin that is asked when the link is there. */
function onLink(config: PluginConfig): string | undefined {
  if (config.kind === "landfall" || config.ipam.kind !== "foreign") return undefined;
  return isAskedOnLink(config.ipam.type) ? config.ipam.type : undefined;
}

/** The link first, then the IPAM plugin, which uses it, then the addresses. */
async function addLate(
  adding: Adding,
  { network, type }: { readonly network: NetworkName; readonly type: string },
): Answer {
  const { context, call, config } = adding;
  const bare: AddressPlan = { addressing: { kind: "none" }, routes: [] };
  const made = await context.ports.attachments.add({ ...requestOf(adding, bare), network });
  if (!made.ok) return inCniWords(made);
  const plan = await planAddresses(context, call, config);
  if (!plan.ok) return await takeAway(adding, plan.error);
  const assigned = await assign(adding, plan.value);
  const text = assigned.ok ? await answerOf(adding, plan.value, assigned.value) : assigned;
  if (text.ok) return text;
  return await takeAway(adding, await releaseForeign(context, call, { type, failure: text.error }));
}

/** The link goes too; the failure, with what went wrong of that. */
async function takeAway({ context, call, sandbox }: Adding, failure: CniError): Answer {
  // Not the caller's signal: what it called off must not stay.
  const where = { sandboxPath: sandbox.path };
  const removed = await context.ports.attachments.remove(keyOf(call), where);
  if (removed.ok) return err(failure);
  const said = `The link stayed: ${removed.error.detail}`;
  const { details } = failure;
  return err({ ...failure, details: details === undefined ? said : `${details} ${said}` });
}

async function assign(
  { context, call, sandbox }: Adding,
  plan: AddressPlan,
): Promise<Result<Attached, CniError>> {
  const { addressing } = plan;
  if (addressing.kind !== "given") throw new Error("an IPAM plugin gives addresses");
  const { signal, ports } = context;
  const request = { key: keyOf(call), sandbox, addressing, routes: routesOf(plan), signal };
  return inCniWords(await ports.attachments.assign(request));
}

/**
 * Another's IPAM is not asked for a link that cannot be made: giving back what it said would take
 * the address of the link that is there.
 */
async function refuseTaken({
  context,
  call,
  config,
  sandbox,
}: Adding): Promise<Result<void, CniError>> {
  if (config.kind === "landfall" || config.ipam.kind !== "foreign") return ok();
  const link = await context.ports.facts.observe(sandbox, call.ifname);
  if (!link.ok) return inCniWords(link);
  const taken = { ifname: call.ifname, sandbox: sandbox.path };
  return link.value === undefined ? ok() : inCniWords(err(ifnameTaken(taken)));
}

function requestOf(
  { context, call, config, sandbox }: Adding,
  plan: AddressPlan,
): Omit<AttachmentRequest, "network"> {
  const mac = "mac" in config ? config.mac : undefined;
  const workload = workloadOf(call);
  const isOwn = config.kind === "landfall";
  return {
    key: keyOf(call),
    sandbox,
    addressing: plan.addressing,
    signal: context.signal,
    ...(mac === undefined ? {} : { mac }),
    ...(workload === undefined ? {} : { workload }),
    ...(isOwn ? {} : { routes: routesOf(plan) }),
    ...(plan.directory === undefined ? {} : { allocationFiles: { directory: plan.directory } }),
  };
}

/** The pod, where the runtime is of Kubernetes' kind. */
function workloadOf({ args }: AttachmentCall): WorkloadName | undefined {
  const parsed = parseArgs(args);
  if (!parsed.ok) return undefined;
  const namespace = parsed.value.get("K8S_POD_NAMESPACE");
  const pod = parsed.value.get("K8S_POD_NAME");
  if (pod === undefined) return undefined;
  const name = parseWorkloadName(namespace === undefined ? pod : `${namespace}.${pod}`);
  return name.ok ? name.value : undefined;
}

/** The result in the version of the configuration; what that cannot tell is taken away again. */
async function answerOf(
  { context, call, config, sandbox }: Adding,
  { routes }: AddressPlan,
  attached: Attached,
): Answer {
  const result = resultOf(attached, { config, routes, sandbox: call.netns ?? sandbox.path });
  const text = encodeResult(result, call.config.version);
  if (text.ok) return text;
  await context.ports.attachments.remove(keyOf(call), { sandboxPath: sandbox.path });
  return text;
}

/** After a failure: another's IPAM is told DEL, as the specification demands. */
async function undoForeign({ context, call, config }: Adding, failure: CniError): Answer {
  if (config.kind === "landfall" || config.ipam.kind !== "foreign") return err(failure);
  return err(await releaseForeign(context, call, { type: config.ipam.type, failure }));
}
