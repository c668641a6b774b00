import { interfaceAddress, prefixLength, rangeContains, rangeSize } from "../../addr/index.ts";
import { err, ok, type Result } from "../../base/index.ts";
import type { AddressPools, HostLocalConfig } from "../conf/ipam.ts";
import { hostLocalDirectory } from "../conf/leave.ts";
import { parseIpam } from "../conf/parse-ipam.ts";
import { requestedOfSets } from "../conf/requested.ts";
import { parseResolvConf } from "../conf/resolv-conf.ts";
import { allocate, folderError, formatSet, type WantedOfSet } from "../ipam/allocate.ts";
import {
  type Allocation,
  allocationsOf,
  removeAllocations,
  scanAllocations,
  withFolder,
} from "../ipam/allocation-folder.ts";
import { type Folder, folderAt } from "../ipam/folder-files.ts";
import { parseArgs } from "../spec/args.ts";
import { decodeAttachments } from "../spec/attachment-list.ts";
import type { AttachmentCall, NetworkCall } from "../spec/call.ts";
import { encodeResult } from "../spec/encode-result.ts";
import { type CniError, cniError } from "../spec/error.ts";
import { type Dns, noDns } from "../spec/result.ts";
import { collectFiles, validity } from "./collect-files.ts";
import type { Answer, Context } from "./context.ts";
import { answerOf } from "./gc.ts";
import { wrongIpam } from "./wrong-ipam.ts";

/** One execution of `host-local` by itself. */
export type HostLocalContext = Pick<Context, "ports" | "signal">;

/**
 * `host-local` for plugins of others: its files are all the book there is, because nobody says on
 * which segment the addresses are used.
 */
export function hostLocal(context: HostLocalContext, call: AttachmentCall | NetworkCall): Answer {
  switch (call.command) {
    case "ADD":
      return add(context, call);
    case "DEL":
      return del(context, call);
    case "CHECK":
      return check(context, call);
    case "GC":
      return gc(context, call);
    case "STATUS":
      return status(context, call);
  }
}

function parse(call: AttachmentCall | NetworkCall): Result<HostLocalConfig, CniError> {
  const args = parseArgs("args" in call ? call.args : "");
  if (!args.ok) return args;
  const ipam = parseIpam(call.config, args.value);
  if (!ipam.ok) return ipam;
  return ipam.value.kind === "host-local" ? ok(ipam.value) : wrongIpam("host-local", call);
}

async function add(context: HostLocalContext, call: AttachmentCall): Answer {
  const config = parse(call);
  if (!config.ok) return config;
  const { sets, routes, resolvConf, directory } = config.value;
  const requested = requestedOfSets(config.value);
  if (!requested.ok) return requested;
  const dns = resolvConf === undefined ? ok(noDns) : readDns(context, resolvConf);
  if (!dns.ok) return dns;
  const wanted = sets.map((set, index): WantedOfSet => {
    const wish = requested.value[index];
    return { set, index, ...(wish === undefined ? {} : { requested: wish }) };
  });
  const folder = folderAt(context.ports.platform, directory);
  const done = await withFolder(folder, context.signal, () => {
    const given = allocate(folder, call, wanted);
    if (!given.ok) return ok(given);
    const ips = given.value.map(({ address, pool }) => ({
      address: interfaceAddress(address, prefixLength(pool.prefix)),
      gateway: pool.gateway,
    }));
    const result = { interfaces: [], ips, routes, dns: dns.value };
    return ok(encodeResult(result, call.config.version));
  });
  return done.ok ? done.value : err(folderError(folder, done.error));
}

function readDns({ ports }: HostLocalContext, path: string): Result<Dns, CniError> {
  const text = ports.platform.files.readText(path);
  if (text.ok) return ok(parseResolvConf(text.value));
  return err(cniError("ioFailure", `cannot read "ipam.resolvConf" ${path}: ${text.error.errno}`));
}

async function del({ ports, signal }: HostLocalContext, call: AttachmentCall): Answer {
  const directory = hostLocalDirectory(call.config);
  if (directory === undefined) return ok("");
  const folder = folderAt(ports.platform, directory);
  const gone = await removeAllocations(folder, signal, (all) => allocationsOf(all, call));
  return gone.ok ? ok("") : err(folderError(folder, gone.error));
}

async function check(context: HostLocalContext, call: AttachmentCall): Answer {
  const config = parse(call);
  if (!config.ok) return config;
  return checkAllocated(folderAt(context.ports.platform, config.value.directory), call);
}

/** Whether any address of a folder is the attachment's, as `host-local` checks it. */
export async function checkAllocated(folder: Folder, call: AttachmentCall): Answer {
  const all = await scanAllocations(folder);
  if (!all.ok) return err(folderError(folder, all.error));
  if (allocationsOf(all.value, call).length > 0) return ok("");
  const msg = `host-local: Failed to find address added by container ${call.containerId}`;
  return err(cniError("refused", msg));
}

async function gc({ ports, signal }: HostLocalContext, call: NetworkCall): Answer {
  const valid = decodeAttachments(call.config);
  if (!valid.ok) return valid;
  return answerOf(await collectFiles(ports, call, { signal, isValid: validity(valid.value) }));
}

async function status(context: HostLocalContext, call: NetworkCall): Answer {
  const config = parse(call);
  if (!config.ok) return config;
  const folder = folderAt(context.ports.platform, config.value.directory);
  const all = await scanAllocations(folder);
  if (!all.ok) return err(folderError(folder, all.error));
  const full = config.value.sets.find((set) => isFull(set, all.value));
  if (full === undefined) return ok("");
  const msg = `no IP addresses available in range set: ${formatSet(full)}`;
  return err(cniError("notAvailable", msg));
}

function isFull(set: AddressPools, all: readonly Allocation[]): boolean {
  return set.every(({ range, gateway }) => {
    const given = all.filter(({ address, holder }) => holder && rangeContains(range, address));
    const kept = rangeContains(range, gateway) ? 1 : 0;
    return BigInt(given.length + kept) >= rangeSize(range);
  });
}
