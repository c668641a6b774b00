import { ok, type Problem, type Result, seconds } from "../base/index.ts";
import { CALLERS_NETNS, inodeOf, type PluginCall, type PluginRunner } from "../forward/index.ts";
import type { Fd, ProcessInfo } from "../platform/index.ts";
import { type CniListener, type CniTiming, type Hall, openVisit, type Visit } from "./cni-visit.ts";
import { isReadOnly } from "./is-read-only.ts";
import { type Listener, listenAt } from "./listen.ts";

/** What answers at the CNI socket. */
export interface CniDoor {
  readonly run: PluginRunner;
  /** The folder that a configuration wants files in, where it names one itself. */
  readonly folderOf: (stdin: Uint8Array) => string | undefined;
  /** More reasons for which a caller has to do a call himself. */
  readonly declines?: (call: PluginCall) => string | undefined;
  readonly peerOf: ProcessInfo["peerOf"];
  /** Whose processes may ask, beside root's: the daemon's own user. */
  readonly uid: number;
  readonly listener: CniListener;
  readonly timing?: CniTiming;
}

/** An open CNI socket. */
export interface CniSocket extends Listener {
  /**
   * Lets the process end although it listens, and waits for what is under way. Bun removes what is
   * at the path of a socket that it closes, also when it is another one by now.
   */
  abandon(): Promise<void>;
}

/**
 * The shim waits longer than `call` and `undo` together (ANSWER_S in native/cni-shim.c), and a
 * kubelet two minutes.
 */
const usual: CniTiming = { transfer: seconds(10), call: seconds(100), undo: seconds(30) };
/** A node starts some hundred containers at once; more than this is no runtime. */
const VISITS_MAX = 1024;

/**
 * Opens the socket by which plugins hand their calls to the daemon. Who hangs up calls off what was
 * asked, and so does `ending`, which fires when the daemon ends and has waited long enough.
 * Errors: LF-DAEMON-LISTEN.
 */
export function openCniDoor(
  door: CniDoor,
  path: string,
  ending: AbortSignal,
): Result<CniSocket, Problem> {
  const { run, listener, timing = usual } = door;
  const declines = (call: PluginCall): string | undefined => {
    const reason = otherNamespace(call) ?? otherFolder(door, call) ?? door.declines?.(call);
    if (reason !== undefined) listener.turnedAway(reason);
    return reason;
  };
  const hall: Hall = { run, declines, listener, timing, ending };
  const visits = new Set<Visit>();
  let ends = false;
  const welcome = (socket: Bun.Socket<Visit>): void => {
    const visit = openVisit(socket, hall);
    socket.data = visit;
    visits.add(visit);
    void visit.over.then(() => visits.delete(visit));
    const crowd = visits.size > VISITS_MAX ? "too many are here" : undefined;
    const reason = ends ? "it ends" : (crowd ?? strangerAt(socket, door));
    if (reason === undefined) return;
    listener.turnedAway(reason);
    visit.decline(reason);
  };
  const opened = listenAt(path, () =>
    Bun.listen<Visit>({
      unix: path,
      socket: {
        open: welcome,
        data: ({ data }, bytes) => data.receive(bytes),
        drain: ({ data }) => data.send(),
        end: ({ data }) => data.leave(),
        close: ({ data }) => data.leave(),
        error: ({ data }) => data.leave(),
      },
    }),
  );
  if (!opened.ok) return opened;
  const empty = async (): Promise<void> => {
    ends = true;
    for (const visit of visits) visit.hurry();
    await Promise.all([...visits].map(({ over }) => over));
  };
  return ok({
    stop: () => {
      // What waits in the queue is reset, and the shim knows that nobody read it.
      opened.value.stop();
      return empty();
    },
    abandon: () => {
      opened.value.unref();
      return empty();
    },
  });
}

/** Why whoever connected may not ask; the mode of the socket says it too, if nobody changed it. */
function strangerAt(socket: Bun.Socket<Visit>, { peerOf, uid }: CniDoor): string | undefined {
  const peer = peerOf(descriptorOf(socket));
  if (!peer.ok) return `who it is cannot be told: ${peer.error.errno}`;
  const { pid, uid: other } = peer.value;
  return other === 0 || other === uid ? undefined : `process ${pid} is of user ${other}`;
}

/** The types do not know it; the sockets have it. */
function descriptorOf(socket: Bun.Socket<Visit>): Fd {
  return (socket as unknown as { readonly fd: Fd }).fd;
}

/** The daemon's unit lets it write where files usually are; a plugin may write anywhere. */
function otherFolder({ folderOf }: CniDoor, { stdin }: PluginCall): string | undefined {
  const folder = folderOf(stdin);
  if (folder === undefined || !isReadOnly(folder)) return undefined;
  return `${folder} is read-only to the daemon`;
}

/**
 * A runtime in a container has mounts of its own, and /proc/self is another directory to each
 * process: what would the daemon do in the wrong namespace?
 */
function otherNamespace({ env }: PluginCall): string | undefined {
  const { CNI_NETNS: path, [CALLERS_NETNS]: inode } = env;
  if (path === undefined || inode === undefined) return undefined;
  if (inode === inodeOf(path)) return undefined;
  return `${path} is another namespace to the caller`;
}
