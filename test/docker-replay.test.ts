import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { type DockerPlugin, dockerPlugin } from "../src/docker/index.ts";
import { listen } from "../src/door/index.ts";
import { type LocalEngine, openEngine } from "../src/engine/index.ts";
import { type FakeHost, openFakeHost } from "./support/fake-host.ts";
import { must } from "./support/must.ts";

/**
 * What real engines sent to a stand-in (scripts/record-docker.ts), sent to the plugin with an engine
 * on the fake kernel. What the stand-in chose, addresses and ids of pools, is replaced by our choice.
 */

interface RecordedCall {
  readonly method: string;
  readonly request: unknown;
  readonly reply: unknown;
}

interface Recording {
  readonly steps: readonly {
    readonly command?: string;
    readonly calls?: readonly RecordedCall[];
  }[];
}

interface Site extends Disposable {
  readonly host: FakeHost;
  readonly engine: LocalEngine;
  plugin: DockerPlugin;
  readonly bugs: Error[];
  /** The daemon is restarted: another engine and plugin on the same book and kernel. */
  restart(): void;
}

function openSite(): Site {
  const host = openFakeHost();
  const bugs: Error[] = [];
  const { platform, netns, store } = host;
  const open = () => {
    const engine = openEngine({ platform, hostNamespace: netns, store });
    const { clock, random } = platform;
    const quiet = () => undefined;
    const listener = { bug: (bug: Error) => bugs.push(bug), refused: quiet, warned: quiet };
    // The fake clock lets everybody who sleeps through at once.
    const patient = { ...clock, sleep: () => new Promise<void>(() => undefined) };
    const { handover } = engine;
    return { engine, plugin: dockerPlugin({ engine, handover, clock: patient, random, listener }) };
  };
  const first = open();
  const site: Site = {
    ...{ host, bugs, ...first },
    restart: () => {
      site.plugin = open().plugin;
    },
    [Symbol.dispose]: () => host[Symbol.dispose](),
  };
  return site;
}

/** Sends one call, with what the stand-in chose replaced; the answer as it came. */
async function send(
  plugin: DockerPlugin,
  { method, request }: RecordedCall,
  ours: ReadonlyMap<string, string>,
): Promise<Record<string, unknown>> {
  const body = JSON.stringify(replaced(request, ours));
  const url = `http://plugin.moby.localhost/${method}`;
  const response = await plugin.fetch(new Request(url, { method: "POST", body }));
  return (await response.json()) as Record<string, unknown>;
}

/** Pools are named by key and value, for the stand-in calls them by their prefix. */
function replaced(value: unknown, ours: ReadonlyMap<string, string>, key = ""): unknown {
  if (typeof value === "string") return ours.get(`${key} ${value}`) ?? ours.get(value) ?? value;
  if (Array.isArray(value)) return value.map((row) => replaced(row, ours, key));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  return Object.fromEntries(entries.map(([name, row]) => [name, replaced(row, ours, name)]));
}

/** Texts of the stand-in that later requests will carry, each with ours. */
function learn(ours: Map<string, string>, theirs: unknown, answer: Record<string, unknown>): void {
  const { PoolID, Address } = (theirs ?? {}) as Record<string, unknown>;
  if (typeof PoolID === "string") ours.set(`PoolID ${PoolID}`, String(answer.PoolID));
  if (typeof Address !== "string" || typeof answer.Address !== "string") return;
  ours.set(Address, answer.Address);
  ours.set(bare(Address), bare(answer.Address));
}

const bare = (address: string): string => address.split("/")[0] ?? "";
const codeIn = (answer: Record<string, unknown>): string | undefined =>
  answer.Err === undefined ? undefined : /\((LF-[A-Z0-9-]+)\)$/.exec(String(answer.Err))?.[1];

const directory = join(import.meta.dirname, "fixtures/docker");
const recordings = [...new Bun.Glob("*/*.json").scanSync({ cwd: directory })].sort();

/** An option of the container that Landfall does not have. */
const strangeOption = ["CreateEndpoint LF-DOCKER-OPTION", "Join LF-ENDPOINT-MISSING"];
/** Which prefix a LAN has is not for Landfall to choose. */
const noSubnet = [
  "RequestPool LF-DOCKER-SUBNET",
  "RequestAddress LF-DOCKER-POOL",
  "CreateNetwork LF-DOCKER-POOL",
];
/** What the stand-in allowed and Landfall does not; the recording goes on as if it had. */
const refusedOnPurpose: Readonly<Record<string, readonly string[]>> = {
  "connect-disconnect.json": strangeOption,
  "container-chosen.json": strangeOption,
  "debian/network-plain.json": ["RequestPool LF-DOCKER-SUBNET", ...noSubnet],
  "next/network-plain.json": noSubnet,
  "network-subnet.json": [
    "RequestPool LF-DOCKER-OPTION",
    ...Array.from({ length: 3 }, () => "RequestAddress LF-DOCKER-POOL"),
    "CreateNetwork LF-DOCKER-POOL",
  ],
  // It asked for a replay; then Docker wants a pool a second time, for no new network.
  "engine-replays.json": ["RequestAddress LF-DOCKER-POOL"],
};
/** What Landfall created and the stand-in refused, so that Docker never deletes it. */
const networksLeft: Readonly<Record<string, number>> = { "network-refused.json": 1 };

const expectedOf = <T>(table: Readonly<Record<string, T>>, path: string): T | undefined =>
  table[path] ?? table[basename(path)];

interface Replay {
  readonly path: string;
  /** Whether the daemon is restarted between two calls, wherever no pool waits for its network. */
  readonly daemon: "stays" | "restarts";
}

async function replay(site: Site, { path, daemon }: Replay): Promise<readonly string[]> {
  const { steps } = JSON.parse(readFileSync(join(directory, path), "utf8")) as Recording;
  const ours = new Map([["AddressSpace landfall", "LandfallLocal"]]);
  const refused: string[] = [];
  let waiting = false;
  for (const call of steps.flatMap(({ calls = [] }) => calls)) {
    const [, method = ""] = call.method.split(".");
    if (daemon === "restarts" && !waiting) site.restart();
    const answer = await send(site.plugin, call, ours);
    const code = codeIn(answer);
    if (code !== undefined) refused.push(`${method} ${code}`);
    if (code === undefined && method === "Join") expectLink(answer);
    if (method === "RequestPool") waiting = true;
    if (method === "CreateNetwork" || method === "ReleasePool") waiting = false;
    learn(ours, call.reply, answer);
  }
  return refused;
}

function expectLink(answer: Record<string, unknown>): void {
  const InterfaceName = { SrcName: expect.stringMatching(/^lf\w{10}$/), DstPrefix: "eth" };
  expect(answer).toMatchObject({ InterfaceName, DisableGatewayService: true });
}

test("there are recordings of two engines", () => {
  expect(recordings.filter((name) => name.startsWith("debian/")).length).toBeGreaterThan(20);
  expect(recordings.filter((name) => name.startsWith("next/")).length).toBeGreaterThan(20);
});

const replays = recordings.flatMap((path) => [
  { path, daemon: "stays" } as const,
  { path, daemon: "restarts" } as const,
]);

test.each(replays)(
  "$path, the daemon $daemon: all is answered, and nothing is left",
  async (it) => {
    using site = openSite();
    const refused = await replay(site, it);
    expect(site.bugs).toEqual([]);
    expect(refused).toEqual(expectedOf(refusedOnPurpose, it.path) ?? []);
    const networks = must(await site.engine.listNetworks());
    expect(networks).toHaveLength(expectedOf(networksLeft, it.path) ?? 0);
    expect(must(await site.engine.listEndpoints())).toEqual([]);
    expect(must(await site.engine.listLeases()).filter(({ kind }) => kind === "held")).toEqual([]);
    const { kernel, netns } = site.host;
    const links = kernel.state.links(netns.cookie).map(({ name }) => name);
    expect(links.filter((name) => name.startsWith("lf"))).toEqual([]);
  },
);

/** Go writes no Host where the plugin is known by its socket alone. */
test("a request with an empty Host is answered", async () => {
  using site = openSite();
  const folder = mkdtempSync(join(tmpdir(), "landfall-docker-"));
  const socket = join(folder, "s");
  const listener = must(listen(socket, site.plugin.fetch));
  const answer = Promise.withResolvers<string>();
  let text = "";
  const connection = await Bun.connect({
    unix: socket,
    socket: {
      data: (_, bytes) => {
        text += bytes.toString();
        if (text.includes("}")) answer.resolve(text);
      },
      close: () => answer.resolve(text),
    },
  });
  connection.write("POST /Plugin.Activate HTTP/1.1\r\nHost: \r\nContent-Length: 0\r\n\r\n");
  expect(await answer.promise).toMatch(/^HTTP\/1.1 200[\s\S]*"NetworkDriver","IpamDriver"/);
  connection.end();
  await listener.stop();
  rmSync(folder, { recursive: true });
});
