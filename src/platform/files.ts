import { ok } from "../base/index.ts";
import { callInts, closeFd, openFile, openFileIn, readFd, removeFile, writeFd } from "./native.ts";
import type { Fd, FileLock, Files, NetnsHandle, SysResult } from "./platform.ts";

const O_RDONLY_CLOEXEC = 0o2000000;
const O_WRONLY_CLOEXEC = 0o2000001;
const O_RDWR_CREAT_CLOEXEC = 0o2000102;
const LOCK_EX_NB = 2 | 4;
/** Locks live in a directory of root's; nobody else needs to read them. */
const LOCK_FILE_MODE = 0o600;

/** sysctls of any namespace, and file locks. */
export function files(home: NetnsHandle): Files {
  return {
    readSysctl: (netns, key) => {
      const fd = openFileIn(netns.fd, home.fd, sysctlPath(key), O_RDONLY_CLOEXEC);
      if (!fd.ok) return fd;
      const bytes = readFd(fd.value);
      closeFd(fd.value);
      return bytes.ok ? ok(new TextDecoder().decode(bytes.value).trimEnd()) : bytes;
    },
    writeSysctl: (netns, key, value) => {
      const fd = openFileIn(netns.fd, home.fd, sysctlPath(key), O_WRONLY_CLOEXEC);
      if (!fd.ok) return fd;
      const written = writeFd(fd.value, new TextEncoder().encode(value));
      closeFd(fd.value);
      return written.ok ? ok() : written;
    },
    tryLock,
  };
}

/** The kernel resolves /proc/sys/net by the namespace of the thread that opens it. */
function sysctlPath(key: string): string {
  return `/proc/sys/${key}`;
}

function tryLock(path: string): SysResult<FileLock> {
  const fd = openFile(path, O_RDWR_CREAT_CLOEXEC, LOCK_FILE_MODE);
  if (!fd.ok) return fd;
  const locked = callInts("flock", fd.value, LOCK_EX_NB);
  if (locked.ok) return ok(fileLock(fd.value, path));
  closeFd(fd.value);
  return locked;
}

function fileLock(fd: Fd, path: string): FileLock {
  let held = true;
  const release = (): void => {
    if (!held) return;
    held = false;
    closeFd(fd);
  };
  const discard = (): void => {
    // While it is still held: nobody can take a lock on a file that is about to go.
    if (held) removeFile(path);
    release();
  };
  return { release, discard, [Symbol.dispose]: release };
}

/** A small text file, without its last newline. */
export function readText(path: string): SysResult<string> {
  const fd = openFile(path, O_RDONLY_CLOEXEC);
  if (!fd.ok) return fd;
  const bytes = readFd(fd.value);
  closeFd(fd.value);
  return bytes.ok ? ok(new TextDecoder().decode(bytes.value).trimEnd()) : bytes;
}
