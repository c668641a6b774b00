import { assert, err, ok } from "../base/index.ts";
import { closeFd, openFile, setByteLock } from "./native.ts";
import type { ByteLock, ByteLocks, Fd, SysResult } from "./platform.ts";

const O_RDWR_CREAT_CLOEXEC = 0o2000102;
const OWNERS_FILE_MODE = 0o600;

/** See `Files.openByteLocks`. */
export function openByteLocks(path: string): SysResult<ByteLocks> {
  const fd = openFile(path, O_RDWR_CREAT_CLOEXEC, OWNERS_FILE_MODE);
  return fd.ok ? ok(byteLocks(fd.value, path)) : fd;
}

function byteLocks(fd: Fd, path: string): ByteLocks {
  // To the kernel all that is locked through one description is of one owner.
  const held = new Set<number>();
  const tryLock = (place: number): SysResult<ByteLock> => {
    assert(Number.isSafeInteger(place) && place >= 0, `no byte of a file: ${place}`);
    const call = `fcntl ${path} ${place}`;
    if (held.has(place)) return err({ errno: "EAGAIN", call });
    const locked = setByteLock(fd, "write", place);
    if (!locked.ok) return err({ errno: locked.error.errno, call });
    held.add(place);
    const release = (): void => {
      if (!held.delete(place)) return;
      const unlocked = setByteLock(fd, "none", place);
      assert(unlocked.ok, `${call}: not unlocked`);
    };
    return ok({ release, [Symbol.dispose]: release });
  };
  const close = (): void => {
    held.clear();
    closeFd(fd);
  };
  return { tryLock, [Symbol.dispose]: close };
}
