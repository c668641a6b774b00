import { ok } from "../base/index.ts";
import {
  type AttachmentKey,
  formatAttachment,
  type IfName,
  type OperationId,
} from "../domain/index.ts";
import type { Files, SysResult } from "../platform/index.ts";

/**
 * Who is at work. An operation's lock is held from before its intent is recorded until after its
 * outcome is; a recorded operation whose lock can be taken belongs to a process that died.
 */
export interface OperationLocks {
  /** EAGAIN when somebody holds it. */
  acquire(id: OperationId): SysResult<OperationLock>;
  /**
   * For whoever makes or deletes the links of VLANs on this link of the host. EAGAIN when somebody
   * holds it.
   */
  acquireParent(on: IfName): SysResult<OperationLock>;
  /** For whoever works on what a runtime calls so. EAGAIN when somebody holds it. */
  acquireAttachment(key: AttachmentKey): SysResult<OperationLock>;
}

export interface OperationLock extends Disposable {
  release(): void;
}

/** Locks between processes: one file for each operation in flight, and each parent of VLANs. */
export function fileLocks(files: Files, directory: string): OperationLocks {
  return {
    acquire: (id) => {
      const lock = files.tryLock(`${directory}/${id}.lock`);
      return lock.ok ? ok(held(lock.value.discard)) : lock;
    },
    acquireParent: (on) => {
      const lock = files.tryLock(`${directory}/parent-${on}.lock`);
      // The file stays: one that is taken away may be locked by two, each its own.
      return lock.ok ? ok(held(lock.value.release)) : lock;
    },
    acquireAttachment: (key) => {
      // Runtimes' names are longer together than a file's may be.
      const digest = new Bun.CryptoHasher("sha256").update(formatAttachment(key)).digest("hex");
      const lock = files.tryLock(`${directory}/attachment-${digest}.lock`);
      return lock.ok ? ok(held(lock.value.discard)) : lock;
    },
  };
}

function held(release: () => void): OperationLock {
  return { release, [Symbol.dispose]: release };
}

/** Locks within one process, for engines whose store nobody else has. */
export function memoryLocks(): OperationLocks {
  const taken = new Set<string>();
  const take = (name: string): SysResult<OperationLock> => {
    if (taken.has(name)) return { ok: false, error: { errno: "EAGAIN", call: `lock ${name}` } };
    taken.add(name);
    return ok(held(() => void taken.delete(name)));
  };
  return {
    acquire: take,
    acquireParent: (on) => take(`parent-${on}`),
    acquireAttachment: (key) => take(`attachment ${formatAttachment(key)}`),
  };
}
