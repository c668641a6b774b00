import { fstatSync, ftruncateSync, mkdirSync, readdirSync } from "node:fs";
import { err, ok } from "../base/index.ts";
import { openByteLocks } from "./byte-locks.ts";
import { callInts, closeFd, openFile, openFileIn, readFd, removeFile, writeFd } from "./native.ts";
import type { Fd, FileLock, Files, NetnsHandle, SysResult } from "./platform.ts";

const O_RDONLY_CLOEXEC = 0o2000000;
const O_WRONLY_CLOEXEC = 0o2000001;
const O_RDWR_CREAT_CLOEXEC = 0o2000102;
const O_CREAT = 0o100;
const O_EXCL = 0o200;
const LOCK_EX_NB = 2 | 4;
/** These files are root's; nobody else needs to read them. */
const OWNERS_FILE_MODE = 0o600;

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
    openByteLocks,
    ...textFiles,
  };
}

const textFiles: Pick<
  Files,
  "readText" | "createText" | "writeText" | "removeFile" | "list" | "makeDirectory"
> = {
  readText: (path) => {
    const fd = openFile(path, O_RDONLY_CLOEXEC);
    if (!fd.ok) return fd;
    const bytes = readFd(fd.value);
    closeFd(fd.value);
    return bytes.ok ? ok(new TextDecoder().decode(bytes.value)) : bytes;
  },
  createText: (path, text) => {
    const written = writeTo(path, text, O_WRONLY_CLOEXEC | O_CREAT | O_EXCL);
    // What could not be opened is not ours, and there is nothing to remove.
    if (!written.ok && written.error.call === "write") removeFile(path);
    return written;
  },
  writeText: (path, text) => writeTo(path, text, O_WRONLY_CLOEXEC | O_CREAT),
  removeFile: (path) => {
    const removed = removeFile(path);
    return removed.ok ? ok() : removed;
  },
  list: (directory) => refusable(`open ${directory}`, () => readdirSync(directory)),
  makeDirectory: (path) =>
    refusable(`mkdir ${path}`, () => void mkdirSync(path, { recursive: true, mode: 0o755 })),
};

/**
 * Writes over what is there and then cuts off the rest: when a file that was emptied is closed,
 * ext4 begins to write it to the disk (ext4_release_file in fs/ext4/file.c), and whoever closes it
 * waits for the blocks.
 */
function writeTo(path: string, text: string, flags: number): SysResult<void> {
  const fd = openFile(path, flags, OWNERS_FILE_MODE);
  if (!fd.ok) return fd;
  const bytes = new TextEncoder().encode(text);
  const written = writeFd(fd.value, bytes);
  if (written.ok && fstatSync(fd.value).size > bytes.length) {
    ftruncateSync(fd.value, bytes.length);
  }
  closeFd(fd.value);
  return written.ok ? ok() : written;
}

function refusable<T>(call: string, run: () => T): SysResult<T> {
  try {
    return ok(run());
  } catch (error) {
    const errno = error instanceof Error && "code" in error ? String(error.code) : "EIO";
    return err({ errno, call });
  }
}

/** The kernel resolves /proc/sys/net by the namespace of the thread that opens it. */
function sysctlPath(key: string): string {
  return `/proc/sys/${key}`;
}

function tryLock(path: string): SysResult<FileLock> {
  for (;;) {
    const fd = openFile(path, O_RDWR_CREAT_CLOEXEC, OWNERS_FILE_MODE);
    if (!fd.ok) return fd;
    const locked = callInts("flock", fd.value, LOCK_EX_NB);
    if (!locked.ok) {
      closeFd(fd.value);
      return locked;
    }
    // Its former holder may have removed it since it was opened: others would lock a new one.
    if (fstatSync(fd.value).nlink > 0) return ok(fileLock(fd.value, path));
    closeFd(fd.value);
  }
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
