import { join } from "node:path";
import { err, type Problem, type Result } from "../base/index.ts";
import { isTaken, type Listener, listen, prepareDirectory } from "../door/index.ts";
import { dockerSocketTaken } from "./problems.ts";
import { listenInherited } from "./relay.ts";

/** Where Docker finds the plugin, and what answers there. */
export interface DockerDoor {
  /** Its file name, without ".sock", is the driver's name in Docker. */
  readonly socket: string;
  /** "wanted": where it cannot be had, the daemon says so and goes on without. */
  readonly demand: "required" | "wanted";
  /** The socket as the service manager opened it; then nothing is made at the path. */
  readonly inherited?: number;
  /** `ending` fires when what is under way is to be called off. */
  fetch(request: Request, ending: AbortSignal): Promise<Response>;
}

/**
 * Opens the door to Docker. `signal` fires when the daemon ends and has waited long enough: what is
 * under way is called off. Errors: LF-DAEMON-LISTEN, LF-DOCKER-SOCKET-TAKEN.
 */
export async function openDockerDoor(
  door: DockerDoor,
  runDirectory: string,
  signal: AbortSignal,
): Promise<Result<Listener, Problem>> {
  const { socket: path, inherited } = door;
  // Not a new Request: older engines send an empty Host, and its URL cannot be parsed again.
  const fetch = (request: Request): Promise<Response> => door.fetch(request, signal);
  if (inherited !== undefined) {
    const inner = join(runDirectory, "docker.sock");
    return await listenInherited({ descriptor: inherited, path, inner, fetch });
  }
  const prepared = prepareDirectory(join(path, ".."));
  if (!prepared.ok) return prepared;
  // No lock of ours says whose it is: it may be a service manager's.
  if ((await isTaken(path)) === "taken") return err(dockerSocketTaken({ path }));
  return listen(path, fetch);
}
