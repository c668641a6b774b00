import {
  type Ip,
  interfaceAddressIp,
  interfaceAddressPrefix,
  rangeContains,
} from "../addr/index.ts";
import {
  err,
  mapResult,
  millis,
  ok,
  type Problem,
  type Result,
  seconds,
  unreachable,
} from "../base/index.ts";
import {
  type AttachmentKey,
  allocationTaken,
  attachmentBusy,
  attachmentExists,
  cancelled,
  type Endpoint,
  formatAttachment,
  ifnameTaken,
  lockRefused,
  type Mtu,
  poolExhausted,
  sandboxIsHost,
} from "../domain/index.ts";
import type { GivenAddress } from "../ipam/index.ts";
import type { Transaction } from "../store/index.ts";
import { assignLate } from "./assign-late.ts";
import { lookUp, type Made, makeEndpointOn } from "./attach-endpoint.ts";
import type {
  AssignRequest,
  Attached,
  AttachmentRequest,
  Attachments,
  AttachmentView,
} from "./attachments.ts";
import { collectGone } from "./collect-gone.ts";
import { type EngineDeps, missingNetwork, rememberedSandbox } from "./deps.ts";
import { detachPatiently } from "./detach-patiently.ts";
import { ensureNetwork } from "./ensure-network.ts";
import { findRoom } from "./find-room.ts";
import { endStaleHolds, insertHolds, readHold, unhold } from "./holds.ts";
import type { AfterReboot } from "./notice-reboot.ts";
import { confirmGone, findSandbox } from "./sandbox-side.ts";

/** The use cases of runtimes that name their attachments. */
export function openAttachments(deps: EngineDeps, afterReboot: AfterReboot): Attachments {
  return {
    ensureNetwork: (spec, options) => afterReboot(() => ensureNetwork(deps, spec, options)),
    findRoom: (spec, sets) => findRoom(deps, spec, sets),
    add: (request) => afterReboot(() => add(deps, request)),
    assign: async (request) =>
      mapResult(await assignLate(deps, request), (made) => attachedOf(request, made)),
    remove: (key, { sandboxPath, signal } = {}) =>
      detachPatiently(deps, { kind: "attachment", key, sandboxPath }, { signal }),
    find: (key) =>
      deps.store.transact((tx) => {
        const endpoint = tx.endpoints.byAttachment(key);
        return ok(endpoint && viewsOf(tx, endpoint)[0]);
      }),
    list: (configuration) =>
      deps.store.transact((tx) => {
        const rows =
          configuration === undefined
            ? tx.endpoints.all()
            : tx.endpoints.byConfiguration(configuration);
        return ok(rows.flatMap((endpoint) => viewsOf(tx, endpoint)));
      }),
    exclusively: (key, signal, work) => exclusively(deps, { key, signal }, work),
    hold: (name, holds) =>
      deps.store.transact((tx) => {
        const network = tx.networks.byName(name);
        if (network === undefined) return err(missingNetwork(tx, name));
        insertHolds(tx, network, holds);
        return ok();
      }),
    unhold: (key) => unhold(deps, key),
  };
}

function viewsOf(tx: Transaction, endpoint: Endpoint): AttachmentView[] {
  const { attachment: key } = endpoint;
  const network = tx.networks.get(endpoint.network);
  return key === undefined || network === undefined
    ? []
    : [{ key, endpoint, network: network.name }];
}

async function add(
  deps: EngineDeps,
  request: AttachmentRequest,
): Promise<Result<Attached, Problem>> {
  const { sandbox, key } = request;
  if (sandbox.netns.cookie === deps.hostNamespace.cookie) {
    return err(sandboxIsHost({ path: sandbox.path }));
  }
  const { network, mac, workload, signal, addressing, routes, allocationFiles } = request;
  const wish = {
    ...{ network, netns: sandbox.netns, sandbox: rememberedSandbox(deps, sandbox) },
    ...{ ifname: key.ifname, addresses: [], signal },
    ...(mac === undefined ? {} : { mac }),
    ...(workload === undefined ? {} : { workload }),
    attachment: {
      ...{ key, addressing },
      ...(routes === undefined ? {} : { routes }),
      ...(allocationFiles === undefined ? {} : { allocationFiles }),
    },
  };
  const make = async () => {
    const outset = await deps.store.read((book) => lookUp(book, wish));
    return outset.ok ? await makeEndpointOn(deps, wish, outset.value) : outset;
  };
  let made = await make();
  for (let before = ""; !made.ok; made = await make()) {
    const mended = await mend(deps, request, made.error);
    if (!mended.ok) return mended;
    // What did not help the first time helps no second time.
    if (mended.value === "left" || made.error.detail === before) return made;
    before = made.error.detail;
  }
  return ok(attachedOf(request, made.value));
}

/** Whether something that stood against an attachment is out of the way now. */
function mend(
  deps: EngineDeps,
  request: AttachmentRequest,
  problem: Problem,
): Promise<Result<"mended" | "left", Problem>> {
  switch (problem.code) {
    case ifnameTaken.code:
      return tellNamesake(deps, request.key);
    case attachmentExists.code:
      return collectNamesake(deps, request.key);
    case allocationTaken.code:
      return holdTheirs(deps, request, problem);
    case poolExhausted.code:
      return letGo(deps);
    default:
      return Promise.resolve(ok("left"));
  }
}

/** Who asks twice is told that it was, and not what stands in the sandbox since then. */
function tellNamesake(deps: EngineDeps, key: AttachmentKey): Promise<Result<"left", Problem>> {
  return deps.store.transact((tx) => {
    const known = tx.endpoints.byAttachment(key);
    if (known?.state !== "attached") return ok("left");
    const { path } = known.sandbox;
    return err(attachmentExists({ attachment: formatAttachment(key), sandbox: path }));
  });
}

/** The runtime may have started a container of that name anew, and never deleted the former. */
async function collectNamesake(
  deps: EngineDeps,
  key: AttachmentKey,
): Promise<Result<"mended" | "left", Problem>> {
  const found = await deps.store.transact((tx) => {
    const endpoint = tx.endpoints.byAttachment(key);
    const network = endpoint && tx.networks.get(endpoint.network);
    return ok(endpoint && network && { endpoint, network });
  });
  if (!found.ok) return found;
  if (found.value === undefined) return ok("mended");
  const { endpoint, network } = found.value;
  const sandbox = findSandbox(deps, endpoint);
  if (!sandbox.ok) return sandbox;
  if (sandbox.value.kind === "open") {
    sandbox.value.netns.close();
    return ok("left");
  }
  if (!confirmGone(deps, endpoint, network).ok) return ok("left");
  const collected = await collectGone(deps, endpoint.id);
  return collected.ok ? ok("mended") : collected;
}

/** Holds a chosen address that turned out to be another's, so that the next one is chosen. */
async function holdTheirs(
  deps: EngineDeps,
  { network, addressing }: AttachmentRequest,
  { facts }: Problem,
): Promise<Result<"mended" | "left", Problem>> {
  const sets = addressing.kind === "sets" ? addressing.sets : [];
  const { address, file } = facts;
  const isChosen = !sets.some(({ requested }) => requested === address);
  if (sets.length === 0 || !isChosen) return ok("left");
  const hold = readHold(deps, { address: address as Ip, file: String(file) });
  if (hold === undefined) return ok("mended");
  const held = await deps.store.transact((tx) => {
    const known = tx.networks.byName(network);
    if (known !== undefined) insertHolds(tx, known, [hold]);
    return ok();
  });
  return held.ok ? ok("mended") : held;
}

async function letGo(deps: EngineDeps): Promise<Result<"mended" | "left", Problem>> {
  const ended = await endStaleHolds(deps);
  if (!ended.ok) return ended;
  return ok(ended.value > 0 ? "mended" : "left");
}

function attachedOf(
  request: AttachmentRequest | AssignRequest,
  { view, network, parent }: Made,
): Attached {
  const { endpoint } = view;
  const { addressing, key } = request;
  const mac = endpoint.link.mac ?? parent.mac;
  const gatewayOf = (address: GivenAddress["address"], at: number): Ip | undefined => {
    switch (addressing.kind) {
      case "network": {
        const prefix = interfaceAddressPrefix(address);
        return network.subnets.find((subnet) => subnet.prefix === prefix)?.gateway;
      }
      case "sets": {
        const ip = interfaceAddressIp(address);
        return addressing.sets[at]?.pools.find(({ range }) => rangeContains(range, ip))?.gateway;
      }
      case "given":
        return addressing.addresses[at]?.gateway;
      case "none":
        return undefined;
      default:
        return unreachable(addressing);
    }
  };
  return {
    ...{ ...view, key, mtu: endpoint.mtu ?? (parent.mtu as Mtu) },
    ...(mac === undefined ? {} : { mac }),
    addresses: endpoint.addresses.map((address, at) => {
      const gateway = gatewayOf(address, at);
      return { address, ...(gateway === undefined ? {} : { gateway }) };
    }),
  };
}

/** How long one waits for others at work on the same key. */
const PATIENCE = seconds(30);
const PAUSE = millis(10);

async function exclusively<T>(
  deps: EngineDeps,
  { key, signal }: { readonly key: AttachmentKey; readonly signal: AbortSignal },
  work: () => Promise<Result<T, Problem>>,
): Promise<Result<T, Problem>> {
  const { clock } = deps.platform;
  const deadline = clock.boottime() + PATIENCE;
  for (;;) {
    const lock = deps.locks.acquireAttachment(key);
    if (lock.ok) {
      using _held = lock.value;
      return await work();
    }
    const { errno, call } = lock.error;
    const attachment = formatAttachment(key);
    if (errno !== "EAGAIN") return err(lockRefused({ path: call, errno }));
    if (signal.aborted) return err(cancelled({ what: `waiting for ${attachment}` }));
    if (clock.boottime() > deadline) return err(attachmentBusy({ attachment }));
    await clock.sleep(PAUSE, signal);
  }
}
