import { readdirSync, readlinkSync } from "node:fs";
import { ok } from "../base/index.ts";
import { clock } from "./clock.ts";
import { files, readText } from "./files.ts";
import { callInts } from "./native.ts";
import { namespaces, openHome } from "./netns.ts";
import { notify } from "./notify.ts";
import { peerOf } from "./peer.ts";
import type { BootId, Platform, SysError, SysResult } from "./platform.ts";
import { sockets } from "./socket.ts";

/** The real Linux beneath this process. Fails where /proc is not mounted. */
export function openPlatform(): SysResult<Platform> {
  const home = openHome();
  if (!home.ok) return home;
  const bootId = readText("/proc/sys/kernel/random/boot_id");
  if (!bootId.ok) return bootId;
  const uid = callInts("getuid");
  if (!uid.ok) return uid;
  return ok({
    clock,
    random: { bytes: (count) => crypto.getRandomValues(new Uint8Array(count)) },
    namespaces: namespaces(home.value),
    sockets: sockets(home.value),
    files: files(home.value),
    process: {
      bootId: bootId.value as BootId,
      uid: uid.value,
      notify,
      peerOf,
      reexecute,
      strayThreads: () => strayThreads(readlinkSync("/proc/self/ns/net")),
    },
  });
}

/** Where a compiled program has its own files; such a path is no argument for the next start. */
const EMBEDDED = "/$bunfs/";

function reexecute(wrapper: readonly [path: string, ...args: string[]], marker: string): SysError {
  const [path] = wrapper;
  const call = `execve ${path}`;
  const script = process.argv[1] ?? EMBEDDED;
  const own = script.startsWith(EMBEDDED) ? [] : [...process.execArgv, script];
  const args = [...wrapper, process.execPath, ...own, ...process.argv.slice(2)];
  if (process.execve === undefined) return { errno: "ENOSYS", call };
  try {
    process.execve(path, args, { ...process.env, [marker]: "1" });
  } catch (error) {
    const refused = error instanceof Error && "code" in error ? String(error.code) : "EIO";
    return { errno: refused, call };
  }
  return { errno: "EIO", call };
}

function strayThreads(home: string): number[] {
  return readdirSync("/proc/self/task")
    .map(Number)
    .filter((thread) => namespaceOf(thread, home) !== home);
}

/** A thread that ended since it was listed is in no namespace any more, so it counts as at home. */
function namespaceOf(thread: number, home: string): string {
  try {
    return readlinkSync(`/proc/self/task/${thread}/ns/net`);
  } catch {
    return home;
  }
}
