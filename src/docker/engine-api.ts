import { z } from "zod";
import { err, type Millis, ok, type Result, seconds } from "../base/index.ts";

/** Where Docker's engine listens. */
export const ENGINE_SOCKET = "/var/run/docker.sock";

/** For a whole listing. Nobody waits for it, and what is late is looked up again later. */
export const DEADLINE: Millis = seconds(2);
/** Networks are asked for one by one; this many at a time. */
const CONCURRENT_MAX = 8;

/** Nothing is known: no answer, a late one, or one that is not understood in full. */
export interface EngineSilent {
  readonly kind: "unknown";
  readonly reason: string;
}

/** Everything that the engine has attached at one time; never a part of it. */
export interface EngineListing {
  /** The ids of its endpoints, on networks of every driver. */
  readonly endpoints: ReadonlySet<string>;
  /** Its networks: names by id. */
  readonly networks: ReadonlyMap<string, string>;
}

/**
 * What Docker's engine says of itself. Never to be asked by what answers one of its requests: the
 * engine may hold a lock until that answer comes.
 */
export interface EngineApi {
  listAttachments(): Promise<Result<EngineListing, EngineSilent>>;
  listNetworks(): Promise<Result<ReadonlyMap<string, string>, EngineSilent>>;
}

/** The engine behind `socket`; nothing is asked yet. */
export function engineApi(socket: string = ENGINE_SOCKET, deadline: Millis = DEADLINE): EngineApi {
  return {
    listAttachments: () => askEngine(socket, deadline, listAttachments),
    listNetworks: () => askEngine(socket, deadline, listNetworks),
  };
}

const versionAnswer = z.object({ ApiVersion: z.string().regex(/^\d+\.\d+$/) });
const networksAnswer = z.array(z.object({ Id: z.string().min(1), Name: z.string() }));
const attachment = z.object({ EndpointID: z.string() });
const networkAnswer = z.object({ Containers: z.record(z.string(), attachment) });
// A container that was never started has null for a network that it is to be on.
const containersAnswer = z.array(
  z.object({
    State: z.string(),
    NetworkSettings: z
      .object({ Networks: z.record(z.string(), attachment.nullable()).nullable() })
      .nullable(),
  }),
);

/** Asks for a path; undefined for what is not there. Throws for whatever else is no answer. */
export type Asker = <T>(path: string, answer: z.ZodType<T>) => Promise<T | undefined>;

/** Asks the engine behind a socket; whatever is no answer is `unknown`. */
export async function askEngine<T>(
  socket: string,
  deadline: Millis,
  work: (ask: Asker) => Promise<T>,
): Promise<Result<T, EngineSilent>> {
  const signal = AbortSignal.timeout(deadline);
  try {
    const { ApiVersion } = await must(asker(socket, "", signal), "/version", versionAnswer);
    // Paths without a version are deprecated; its own newest one is one that it surely has.
    return ok(await work(asker(socket, `/v${ApiVersion}`, signal)));
  } catch (error) {
    return err({ kind: "unknown", reason: wordsOf(error) });
  }
}

function asker(socket: string, base: string, signal: AbortSignal): Asker {
  return async (path, answer) => {
    const options = { unix: socket, signal, keepalive: false, redirect: "error" };
    const response = await fetch(`http://docker${base}${path}`, options as RequestInit);
    if (response.status === 404) return undefined;
    if (response.status !== 200) throw new Error(`${path} is answered with ${response.status}`);
    const parsed = answer.safeParse(await response.json());
    if (!parsed.success) throw new Error(`${path}: ${z.prettifyError(parsed.error)}`);
    return parsed.data;
  };
}

async function must<T>(ask: Asker, path: string, answer: z.ZodType<T>): Promise<T> {
  const told = await ask(path, answer);
  if (told === undefined) throw new Error(`${path} is answered with 404`);
  return told;
}

async function listNetworks(ask: Asker): Promise<ReadonlyMap<string, string>> {
  const networks = await must(ask, "/networks", networksAnswer);
  return new Map(networks.map(({ Id, Name }) => [Id, Name]));
}

async function listAttachments(ask: Asker): Promise<EngineListing> {
  const networks = await listNetworks(ask);
  const endpoints = new Set<string>();
  const ids = [...networks.keys()];
  for (let at = 0; at < ids.length; at += CONCURRENT_MAX) {
    const asked = ids.slice(at, at + CONCURRENT_MAX).map((id) => {
      return ask(`/networks/${encodeURIComponent(id)}`, networkAnswer);
    });
    // One that was removed since it was listed has nothing attached any more.
    for (const network of await Promise.all(asked)) note(endpoints, network?.Containers);
  }
  const containers = await must(ask, "/containers/json?all=true", containersAnswer);
  for (const { State, NetworkSettings } of containers) {
    if (living.has(State)) note(endpoints, NetworkSettings?.Networks);
  }
  return { endpoints, networks };
}

/**
 * What has a process, and so a sandbox. An engine that was killed goes on to tell what the others
 * had, also of an endpoint that it was about to delete and has no record of any more. One that is
 * being started has its endpoint in its network's listing.
 */
const living: ReadonlySet<string> = new Set(["running", "paused"]);

type Attachments = Readonly<Record<string, z.infer<typeof attachment> | null>>;

function note(endpoints: Set<string>, attachments: Attachments | null | undefined): void {
  for (const attached of Object.values(attachments ?? {})) {
    // Of a container that does not run the id is empty.
    if (attached !== null && attached.EndpointID !== "") endpoints.add(attached.EndpointID);
  }
}

function wordsOf(error: unknown): string {
  const words = error instanceof Error ? error.message : String(error);
  return words.replaceAll(/\s+/g, " ").slice(0, 200).replace(/\.$/, "");
}
