import type { Dice } from "./dice.ts";
import type { DockerEngine, EngineAnswer } from "./docker-engine.ts";
import type { StormContainer } from "./docker-storm.ts";

/** A network of the storm, and the address in it that a container asks for by name. */
export interface StormNetwork {
  readonly name: string;
  readonly body: Readonly<Record<string, unknown>>;
  wish(container: string): string;
}

/** Something that Docker is asked to do, as one would type it, and as its API wants it. */
export interface Order {
  readonly words: string;
  readonly requests: readonly Request[];
}

interface Request {
  readonly method: "POST" | "DELETE";
  readonly path: string;
  readonly body?: object;
}

/** What a network is created with, behind the words `--opt` and the address manager's. */
export function networkBody(
  name: string,
  config: Readonly<Record<string, string>>,
  options: Readonly<Record<string, string>>,
): StormNetwork["body"] {
  const ipam = { Driver: "landfall", Config: [config] };
  return { Name: name, CheckDuplicate: true, Driver: "landfall", IPAM: ipam, Options: options };
}

export function createNetwork({ name, body }: StormNetwork): Order {
  const request = { method: "POST", path: "/networks/create", body } as const;
  return { words: `network create ${name}`, requests: [request] };
}

export function removeNetwork(name: string): Order {
  const path = `/networks/${name}`;
  return { words: `network rm ${name}`, requests: [{ method: "DELETE", path }] };
}

export function removeContainer(name: string): Order {
  const path = `/containers/${name}?force=true`;
  return { words: `rm --force ${name}`, requests: [{ method: "DELETE", path }] };
}

/** Something that Docker can do now with the container of this name. */
export function orderFor(
  name: string,
  found: StormContainer | undefined,
  { dice, networks }: { readonly dice: Dice; readonly networks: readonly StormNetwork[] },
): Order {
  if (found === undefined) return run(name, { dice, network: dice.pick(networks) });
  const on = networks.filter((network) => found.connected.includes(network.name));
  const off = networks.filter((network) => !found.networks.includes(network.name));
  const choices = [
    () => removeContainer(name),
    ...on.map((network) => () => disconnect(name, network.name)),
    ...off.map((network) => () => connect(name, { dice, network })),
    ...(found.pid === 0
      ? [() => act(name, "start"), () => act(name, "start")]
      : [() => act(name, "stop"), () => act(name, "restart")]),
  ];
  return dice.pick(choices)();
}

interface Place {
  readonly dice: Dice;
  readonly network: StormNetwork;
}

/** Every second time an address by name, which no other container asks for. */
function attachment(container: string, { dice, network }: Place) {
  const wish = dice.below(2) === 0 ? undefined : network.wish(container);
  return {
    words: wish === undefined ? "" : ` --ip=${wish}`,
    config: wish === undefined ? {} : { IPAMConfig: { IPv4Address: wish } },
  };
}

function run(name: string, place: Place): Order {
  const { words, config } = attachment(name, place);
  const network = place.network.name;
  const body = {
    ...{ Image: "busybox", HostConfig: { NetworkMode: network } },
    NetworkingConfig: { EndpointsConfig: { [network]: config } },
  };
  return {
    words: `run --name=${name} --network=${network}${words}`,
    requests: [
      { method: "POST", path: `/containers/create?name=${name}`, body },
      { method: "POST", path: `/containers/${name}/start` },
    ],
  };
}

function connect(name: string, place: Place): Order {
  const { words, config } = attachment(name, place);
  const network = place.network.name;
  const body = { Container: name, EndpointConfig: config };
  return {
    words: `network connect${words} ${network} ${name}`,
    requests: [{ method: "POST", path: `/networks/${network}/connect`, body }],
  };
}

function disconnect(name: string, network: string): Order {
  const body = { Container: name };
  return {
    words: `network disconnect ${network} ${name}`,
    requests: [{ method: "POST", path: `/networks/${network}/disconnect`, body }],
  };
}

function act(name: string, verb: "start" | "stop" | "restart"): Order {
  const patience = verb === "start" ? "" : "?t=0";
  const path = `/containers/${name}/${verb}${patience}`;
  return { words: `${verb} ${name}`, requests: [{ method: "POST", path }] };
}

/** Gives the order; returns what was refused, with the engine's words. */
export async function give(engine: DockerEngine, order: Order): Promise<readonly string[]> {
  for (const request of order.requests) {
    const { status, body } = await send(engine, request);
    if (status >= 400) return [`docker ${order.words}: ${status} ${JSON.stringify(body)}`];
  }
  return [];
}

async function send(engine: DockerEngine, request: Request): Promise<EngineAnswer> {
  const { method, path, body } = request;
  const headers = { "content-type": "application/json" };
  const content = body === undefined ? {} : { headers, body: JSON.stringify(body) };
  // An engine that was killed leaves connections that look as if they lived.
  const init = { method, keepalive: false, ...content };
  return await engine.api(path, init).catch((error) => ({ status: 599, body: `${error}` }));
}
