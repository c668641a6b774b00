import { ok } from "../base/index.ts";
import type { OperationId } from "../domain/index.ts";
import type { Files, SysResult } from "../platform/index.ts";

/**
 * Who is at work. An operation's lock is held from before its intent is recorded until after its
 * outcome is; a recorded operation whose lock can be taken belongs to a process that died.
 */
export interface OperationLocks {
  /** EAGAIN when somebody holds it. */
  acquire(id: OperationId): SysResult<OperationLock>;
}

export interface OperationLock extends Disposable {
  release(): void;
}

/** Locks between processes: one file for each operation in flight. */
export function fileLocks(files: Files, directory: string): OperationLocks {
  return {
    acquire: (id) => {
      const lock = files.tryLock(`${directory}/${id}.lock`);
      if (!lock.ok) return lock;
      const release = lock.value.discard;
      return ok({ release, [Symbol.dispose]: release });
    },
  };
}

/** Locks within one process, for engines whose store nobody else has. */
export function memoryLocks(): OperationLocks {
  const held = new Set<OperationId>();
  return {
    acquire: (id) => {
      if (held.has(id)) return { ok: false, error: { errno: "EAGAIN", call: `lock ${id}` } };
      held.add(id);
      const release = (): void => {
        held.delete(id);
      };
      return ok({ release, [Symbol.dispose]: release });
    },
  };
}
