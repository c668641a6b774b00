import { err, ok } from "../base/index.ts";
import {
  type AttachmentKey,
  formatAttachment,
  type IfName,
  type OperationId,
} from "../domain/index.ts";
import type { ByteLocks, Files, SysResult } from "../platform/index.ts";

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

/** Locks between processes: one byte of a file for whatever may be held. */
export function fileLocks(files: Files, path: string): OperationLocks & Disposable {
  let bytes: ByteLocks | undefined;
  // Not before something is to be held: who only reads must not fail where no file can be made.
  const take = (name: string): SysResult<OperationLock> => {
    if (bytes === undefined) {
      const opened = files.openByteLocks(path);
      if (!opened.ok) return err({ errno: opened.error.errno, call: path });
      bytes = opened.value;
    }
    const lock = bytes.tryLock(placeOf(name));
    return lock.ok ? lock : err({ errno: lock.error.errno, call: path });
  };
  return { ...named(take), [Symbol.dispose]: () => bytes?.[Symbol.dispose]() };
}

const PLACE_BYTES = 6;

/**
 * Where the lock of a name is. Two names with one place would wait for each other without need: of
 * a thousand that are held at once, one pair in half a billion.
 */
function placeOf(name: string): number {
  return new Bun.CryptoHasher("sha256").update(name).digest().readUIntBE(0, PLACE_BYTES);
}

/** Locks within one process, for engines whose store nobody else has. */
export function memoryLocks(): OperationLocks {
  const taken = new Set<string>();
  return named((name) => {
    if (taken.has(name)) return err({ errno: "EAGAIN", call: `lock ${name}` });
    taken.add(name);
    const release = (): void => void taken.delete(name);
    return ok({ release, [Symbol.dispose]: release });
  });
}

function named(take: (name: string) => SysResult<OperationLock>): OperationLocks {
  return {
    acquire: (id) => take(`operation ${id}`),
    acquireParent: (on) => take(`parent ${on}`),
    acquireAttachment: (key) => take(`attachment ${formatAttachment(key)}`),
  };
}
