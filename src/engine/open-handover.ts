import { type Ip, interfaceAddressIp } from "../addr/index.ts";
import { openConversation, type Parent } from "../attach/index.ts";
import { defined, err, mapResult, ok, type Problem, type Result } from "../base/index.ts";
import {
  dockerOrigin,
  type Endpoint,
  endpointMissing,
  type IfName,
  type Network,
  ownerBusy,
  runtimeIdOf,
  runtimeSandbox,
} from "../domain/index.ts";
import { acquireAddresses } from "../ipam/index.ts";
import type { Book } from "../store/index.ts";
import { type EndpointWish, lookUp, makeEndpoint, type Outset } from "./attach-endpoint.ts";
import { parentForAttach } from "./check-parent.ts";
import { type EngineDeps, missingNetwork, momentOf } from "./deps.ts";
import { detachPatiently } from "./detach-patiently.ts";
import { EarlyAnswers } from "./early-answers.ts";
import type { EndpointView } from "./engine.ts";
import type { ClaimRequest, Handover, HandoverRequest, RuntimeEndpoint } from "./handover.ts";
import { operationOn } from "./in-flight.ts";
import { ensureMadeParent } from "./made-parent.ts";
import type { AfterReboot } from "./notice-reboot.ts";
import { findInFlight, type Turn, takeTurn } from "./settle.ts";
import { withoutGiving } from "./without-giving.ts";

type Early = EarlyAnswers<EndpointView>;

/** The name that runtimes give the first link of a sandbox. */
const USUAL_IFNAME = "eth0" as IfName;

/** The use cases of runtimes that move links themselves. */
export function openHandover(deps: EngineDeps, afterReboot: AfterReboot): Handover {
  const early: Early = new EarlyAnswers();
  return {
    listNetworks: () => deps.store.read((book) => ok(book.networks.all())),
    claim: (request) => afterReboot(() => claim(deps, request)),
    giveUp: (network, address) => deps.claims.end(network, address),
    prepare: (request) => afterReboot(() => prepare(deps, early, request)),
    expectIn: (runtimeId, path) => expectIn(deps, early, { runtimeId, path }),
    list: () => deps.store.read((book) => ok(listRuntimeEndpoints(deps, book))),
    withdraw: (runtimeId) => withdraw(deps, early, runtimeId),
  };
}

async function claim(deps: EngineDeps, request: ClaimRequest): ReturnType<Handover["claim"]> {
  const network = await deps.store.read((book) => {
    const found = book.networks.byName(request.network);
    return found === undefined ? err(missingNetwork(book, request.network)) : ok(found);
  });
  if (!network.ok) return network;
  const { segment } = network.value;
  const made = await ensureMadeParent(deps, network.value);
  if (!made.ok) return made;
  const parent = parentOf(deps, network.value);
  if (!parent.ok) return parent;
  const { hostAddresses } = parent.value;
  const address = await choose(deps, request, { network: network.value, hostAddresses });
  if (!address.ok) return address;
  const claimed = interfaceAddressIp(address.value);
  const origin = request.address === undefined ? "chosen" : "requested";
  const { network: name } = request;
  const promise = { network: name, address: claimed, segment, origin } as const;
  deps.claims.add(promise, deps.platform.clock.boottime());
  return address;
}

function parentOf(deps: EngineDeps, network: Network): Result<Parent, Problem> {
  const { parents, platform } = deps;
  return parents.orLook(network, platform.clock.boottime(), () => {
    const opened = openConversation(platform, deps.hostNamespace);
    if (!opened.ok) return opened;
    using host = opened.value;
    return parentForAttach(host, network);
  });
}

/** The address that an attach would get now; it is not given. */
async function choose(
  deps: EngineDeps,
  { prefix, address, workload }: ClaimRequest,
  ground: { readonly network: Network; readonly hostAddresses: readonly Ip[] },
): ReturnType<Handover["claim"]> {
  const { network, hostAddresses } = ground;
  const now = momentOf(deps);
  // Who asked for an address by name may ask again: the answer may have been lost.
  const promised = deps.claims
    .on(network.segment, now.boottime)
    .filter((row) => row.origin === "chosen" || row.address !== address)
    .map((row) => row.address);
  const subnets = network.subnets.filter((subnet) => subnet.prefix === prefix);
  return await deps.store.transact((tx) => {
    const found = acquireAddresses(withoutGiving(tx), {
      network: { ...network, subnets },
      endpoint: deps.ids.endpoint(),
      requested: address === undefined ? [] : [address],
      ...{ hostAddresses, promised, now },
      ...(workload === undefined ? {} : { workload }),
    });
    if (!found.ok) return found;
    return ok(defined(found.value[0], "an address of the subnet"));
  }, "process-end");
}

/** The endpoint of a request whose answer the runtime did not hear, or how a new one is begun. */
type Begun =
  | { readonly kind: "made"; readonly view: EndpointView }
  | { readonly kind: "to make"; readonly outset: Outset };

function lookUpAgain(book: Book, wish: EndpointWish): Result<Begun, Problem> {
  const known = book.endpoints.bySandbox(wish.sandbox.id)[0];
  if (known?.state === "attached") return ok({ kind: "made", view: viewOf(book, known) });
  return mapResult(lookUp(book, wish), (outset) => ({ kind: "to make", outset }));
}

/**
 * Answered when the link is there: its runtime goes on while the outcome is recorded. A daemon that
 * is killed before that leaves an intent with all of it done, which whoever comes next completes.
 */
async function prepare(
  deps: EngineDeps,
  early: Early,
  { runtimeId, ...request }: HandoverRequest,
): Promise<Result<EndpointView, Problem>> {
  await early.end(runtimeId);
  const wish: EndpointWish = {
    ifname: USUAL_IFNAME,
    ...request,
    sandbox: runtimeSandbox(deps.platform.process.bootId, runtimeId),
    netns: deps.hostNamespace,
  };
  const begun = await deps.store.read((book) => lookUpAgain(book, wish));
  if (!begun.ok) return begun;
  if (begun.value.kind === "made") return ok(begun.value.view);
  const { outset } = begun.value;
  const made = await early.begin(runtimeId, (tell) => makeEndpoint(deps, wish, outset, tell));
  if (!made.ok) return made;
  for (const address of request.addresses) deps.claims.end(request.network, address);
  return made;
}

interface Destination {
  readonly runtimeId: string;
  readonly path: string;
}

async function expectIn(
  deps: EngineDeps,
  early: Early,
  destination: Destination,
): Promise<Result<EndpointView, Problem>> {
  const made = await early.end(destination.runtimeId);
  if (made?.ok === false) return made;
  const find = (book: Book) => operationOn(book, findEndpoint(deps, book, destination.runtimeId));
  const turn: Turn = { find, signal: undefined, found: { inFlight: undefined } };
  return await takeTurn(deps, turn, () => noteDestination(deps, destination));
}

/** Where the link goes: no sandbox survives a power cut, so its path needs not either. */
function noteDestination(
  deps: EngineDeps,
  { runtimeId, path }: Destination,
): Promise<Result<EndpointView, Problem>> {
  return deps.store.transact((tx) => {
    const endpoint = findEndpoint(deps, tx, runtimeId);
    if (endpoint === undefined) {
      return err(endpointMissing({ endpoint: runtimeId, nearest: undefined }));
    }
    const { state, ifname } = endpoint;
    const sandbox = { ...endpoint.sandbox, path };
    if (state !== "attached") return err(ownerBusy({ sandbox: path, ifname, operation: state }));
    const moved: Endpoint = { ...endpoint, sandbox };
    if (endpoint.sandbox.path !== path) tx.endpoints.replace(moved);
    return ok(viewOf(tx, moved));
  }, "process-end");
}

async function withdraw(
  deps: EngineDeps,
  early: Early,
  runtimeId: string,
): Promise<Result<EndpointView | undefined, Problem>> {
  await early.end(runtimeId);
  const known = await deps.store.read((book) => {
    const endpoint = findEndpoint(deps, book, runtimeId);
    if (endpoint === undefined) return ok(undefined);
    const found = findInFlight(book, () => operationOn(book, endpoint));
    return ok({ id: endpoint.id, found });
  });
  if (!known.ok) return known;
  if (known.value === undefined) return ok(undefined);
  const { id, found } = known.value;
  return await detachPatiently(deps, { kind: "id", id }, { found });
}

function listRuntimeEndpoints(deps: EngineDeps, book: Book): readonly RuntimeEndpoint[] {
  return book.endpoints.all().flatMap((endpoint) => {
    const runtimeId = runtimeIdOf(endpoint.sandbox, deps.platform.process.bootId);
    const network = book.networks.get(endpoint.network);
    const runtimeNetwork = network && dockerOrigin(network)?.id;
    if (runtimeId === undefined || runtimeNetwork === undefined) return [];
    return endpoint.state === "attached"
      ? [{ runtimeId, runtimeNetwork, view: viewOf(book, endpoint) }]
      : [];
  });
}

function findEndpoint(deps: EngineDeps, book: Book, runtimeId: string): Endpoint | undefined {
  const { id } = runtimeSandbox(deps.platform.process.bootId, runtimeId);
  return book.endpoints.bySandbox(id)[0];
}

function viewOf(book: Book, endpoint: Endpoint): EndpointView {
  const network = book.networks.get(endpoint.network);
  if (network === undefined) throw new Error(`endpoint ${endpoint.id} has no network`);
  return { endpoint, network: network.name };
}
