import { z } from "zod";
import { err, nearest, ok, type Problem, type Result } from "../base/index.ts";
import { type Asker, askEngine, DEADLINE, ENGINE_SOCKET } from "./engine-api.ts";
import { containerMissing, containerNotRunning, engineUnreachable } from "./problems.ts";

const UNIX = "unix://";

/** The socket that DOCKER_HOST names. Docker's own when it is empty, as for `docker`. */
export function engineSocket(dockerHost = ""): Result<string, Problem> {
  if (dockerHost === "") return ok(ENGINE_SOCKET);
  if (dockerHost.startsWith(UNIX)) return ok(dockerHost.slice(UNIX.length));
  return err(engineUnreachable({ engine: dockerHost, reason: "it is no socket of this machine" }));
}

const containerAnswer = z.object({
  State: z.object({ Status: z.string(), Running: z.boolean(), Pid: z.int().min(0) }),
});
const listAnswer = z.array(z.object({ Names: z.array(z.string()) }));

type Found =
  | { readonly kind: "running"; readonly pid: number }
  | { readonly kind: "idle"; readonly state: string }
  | { readonly kind: "missing"; readonly known: readonly string[] };

/**
 * The network namespace of a running container, by its name, its id or a part of that, as the
 * engine behind `socket` says.
 */
export async function findContainer(
  container: string,
  socket: string,
): Promise<Result<string, Problem>> {
  const asked = await askEngine(socket, DEADLINE, (ask) => lookUp(ask, container));
  if (!asked.ok) return err(engineUnreachable({ engine: socket, reason: asked.error.reason }));
  const found = asked.value;
  if (found.kind === "running") return ok(`/proc/${found.pid}/ns/net`);
  if (found.kind === "idle") return err(containerNotRunning({ container, state: found.state }));
  return err(containerMissing({ container, socket, nearest: nearest(container, found.known) }));
}

async function lookUp(ask: Asker, container: string): Promise<Found> {
  const seen = await ask(`/containers/${encodeURIComponent(container)}/json`, containerAnswer);
  if (seen !== undefined) {
    const { Running, Pid, Status } = seen.State;
    return Running && Pid > 0 ? { kind: "running", pid: Pid } : { kind: "idle", state: Status };
  }
  const rows = (await ask("/containers/json?all=true", listAnswer)) ?? [];
  // The engine's names begin with a slash.
  const known = rows.flatMap(({ Names }) => Names.map((name) => name.replace(/^\//, "")));
  return { kind: "missing", known };
}
