import { err, ok, type Result } from "../../base/index.ts";
import type { AttachmentView, SandboxHandle } from "../../engine/index.ts";
import { parsePluginConfig } from "../conf/parse-plugin.ts";
import type { PluginConfig } from "../conf/plugin.ts";
import { delegate } from "../ipam/delegate.ts";
import { folderAt } from "../ipam/folder-files.ts";
import type { AttachmentCall } from "../spec/call.ts";
import { type CniError, cniError } from "../spec/error.ts";
import type { CniResult } from "../spec/result.ts";
import { type Answer, type Context, inCniWords, keyOf, openNetns } from "./context.ts";
import { checkAllocated } from "./host-local.ts";
import { linkDifferences } from "./link-differences.ts";

/**
 * Whether the attachment is as its ADD left it: IPAM first, as the reference does it, then the
 * runtime's record, and then the kernel and the book.
 */
export async function check(context: Context, call: AttachmentCall): Answer {
  const config = parsePluginConfig(context.plugin, call);
  if (!config.ok) return config;
  const { previous } = config.value;
  if (previous === undefined) return err(cniError("invalidConfig", "Required prevResult missing"));
  const opened = openNetns(context, call);
  if (!opened.ok) return opened;
  using sandbox = opened.value;
  const view = await context.ports.attachments.find(keyOf(call));
  if (!view.ok) return inCniWords(view);
  const ipam = await checkIpam(context, call, { config: config.value, view: view.value });
  if (!ipam.ok) return ipam;
  const checked = { call, config: config.value, previous, sandbox };
  return await checkLink(context, checked, view.value);
}

interface Recorded {
  readonly config: PluginConfig;
  readonly view: AttachmentView | undefined;
}

async function checkIpam(
  context: Context,
  call: AttachmentCall,
  { config, view }: Recorded,
): Promise<Result<unknown, CniError>> {
  const { ports, env, signal } = context;
  if (config.kind === "landfall") return ok();
  const { ipam } = config;
  if (ipam.kind === "foreign") {
    return delegate({ execute: ports.execute, call, env, type: ipam.type }, "CHECK", signal);
  }
  if (ipam.kind !== "host-local" || view !== undefined) return ok();
  // Other plugins made it: it has files, and no record in the book.
  return await checkAllocated(folderAt(ports.platform, ipam.directory), call);
}

interface Checked {
  readonly call: AttachmentCall;
  readonly config: PluginConfig;
  readonly previous: CniResult;
  readonly sandbox: SandboxHandle;
}

async function checkLink(
  { ports }: Context,
  { call, config, previous, sandbox }: Checked,
  view: AttachmentView | undefined,
): Answer {
  const { ifname, netns = "" } = call;
  const index = previous.interfaces.findIndex(
    ({ name, sandbox: where }) => name === ifname && where !== undefined,
  );
  const recorded = previous.interfaces[index];
  if (recorded === undefined) {
    return refuse(`prevResult has no link ${ifname} in a container`);
  }
  if (recorded.sandbox !== netns) {
    const where = `${recorded.sandbox} in prevResult`;
    return refuse(`The Sandbox ${where} doesn't match configured netns: ${netns}`);
  }
  const link = await ports.facts.observe(sandbox, ifname);
  if (!link.ok) return inCniWords(link);
  if (link.value === undefined) return refuse(`${netns} has no link ${ifname}`);
  const expected = {
    config,
    link: recorded,
    ips: previous.ips.filter((ip) => ip.interface === undefined || ip.interface === index),
    routes: previous.routes,
    endpoint: view?.endpoint,
  };
  const [first, ...others] = linkDifferences(expected, link.value);
  return first === undefined ? ok("") : refuse(`${ifname}: ${first}`, others);
}

function refuse(msg: string, others: readonly string[] = []): Result<never, CniError> {
  return err(cniError("refused", msg, ...(others.length === 0 ? [] : [others.join("; ")])));
}
