import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { millis, type Result } from "../base/index.ts";
import type { Platform } from "./platform.ts";

/** The value of a success; a failure is a failed test with the error in its message. */
export function must<T, E>(result: Result<T, E>): T {
  if (!result.ok) throw new Error(`expected success, got ${JSON.stringify(result.error)}`);
  return result.value;
}

function errnoOf<T>(result: Result<T, { errno: string }>): string {
  return result.ok ? "success" : result.error.errno;
}

/** What every implementation of Platform promises. `plainFile` is a path that is no namespace. */
export function platformContract(name: string, open: () => Platform, plainFile: string): void {
  describe(`${name} keeps the platform contract`, () => {
    namespaceContract(open, plainFile);
    sysctlContract(open);
    lockContract(open);
    byteLockContract(open);
    textContract(open);
    clockContract(open);
    byteLockContract(open);
  });
}

function namespaceContract(open: () => Platform, plainFile: string): void {
  test("home is always the same namespace, by a new handle each time", () => {
    const { namespaces } = open();
    using first = must(namespaces.home());
    using second = must(namespaces.home());
    expect(second.cookie).toBe(first.cookie);
    expect(second.fd).not.toBe(first.fd);
  });

  test("a created namespace is none of the others", () => {
    const { namespaces } = open();
    using home = must(namespaces.home());
    using a = must(namespaces.create());
    using b = must(namespaces.create());
    expect(new Set([home.cookie, a.cookie, b.cookie]).size).toBe(3);
  });

  test("a namespace opened by path has the cookie of the one that was made", () => {
    const { namespaces } = open();
    using made = must(namespaces.create());
    using opened = must(namespaces.open(`/proc/self/fd/${made.fd}`));
    expect(opened.cookie).toBe(made.cookie);
  });

  test("a path that is missing, or no network namespace, is refused by errno", () => {
    const { namespaces } = open();
    expect(errnoOf(namespaces.open("/nowhere/at/all"))).toBe("ENOENT");
    expect(errnoOf(namespaces.open(plainFile))).toBe("EINVAL");
  });

  test("a closed handle opens no socket, and closing it again does nothing", () => {
    const { namespaces, sockets } = open();
    const netns = must(namespaces.create());
    netns.close();
    netns.close();
    expect(errnoOf(sockets.open(netns, { kind: "rtnetlink" }))).toBe("EBADF");
  });

  test("no thread is left in another namespace", () => {
    const platform = open();
    using _made = must(platform.namespaces.create());
    expect(platform.process.strayThreads()).toEqual([]);
  });
}

function sysctlContract(open: () => Platform): void {
  test("a sysctl is written in one namespace and not in another", () => {
    const { namespaces, files } = open();
    using a = must(namespaces.create());
    using b = must(namespaces.create());
    must(files.writeSysctl(a, "net/ipv4/ip_forward", "1"));
    expect(must(files.readSysctl(a, "net/ipv4/ip_forward"))).toBe("1");
    expect(must(files.readSysctl(b, "net/ipv4/ip_forward"))).toBe("0");
  });

  test("an unknown sysctl is ENOENT, to read and to write", () => {
    const { namespaces, files } = open();
    using netns = must(namespaces.create());
    expect(errnoOf(files.readSysctl(netns, "net/ipv4/no_such_thing"))).toBe("ENOENT");
    expect(errnoOf(files.writeSysctl(netns, "net/ipv4/no_such_thing", "1"))).toBe("ENOENT");
  });
}

function lockContract(open: () => Platform): void {
  test("a lock excludes a second holder until it is released", () => {
    const folder = mkdtempSync(join(tmpdir(), "landfall-lock-"));
    try {
      const { files } = open();
      const path = join(folder, "op.lock");
      const first = must(files.tryLock(path));
      expect(errnoOf(files.tryLock(path))).toBe("EAGAIN");
      first.release();
      const second = must(files.tryLock(path));
      expect(errnoOf(files.tryLock(path))).toBe("EAGAIN");
      second.discard();
      using third = must(files.tryLock(path));
      expect(third).toBeDefined();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

function byteLockContract(open: () => Platform): void {
  test("a locked byte excludes every other holder, of this table and of others", () => {
    const folder = mkdtempSync(join(tmpdir(), "landfall-bytes-"));
    try {
      const { files } = open();
      const path = join(folder, "locks");
      using ours = must(files.openByteLocks(path));
      const theirs = must(files.openByteLocks(path));
      const last = Number.MAX_SAFE_INTEGER;
      const first = must(ours.tryLock(last));
      expect([errnoOf(ours.tryLock(last)), errnoOf(theirs.tryLock(last))]).toEqual([
        "EAGAIN",
        "EAGAIN",
      ]);
      const neighbour = must(theirs.tryLock(last - 1));
      first.release();
      // Once more must not release what somebody else has by now.
      const second = must(theirs.tryLock(last));
      first.release();
      expect(errnoOf(ours.tryLock(last))).toBe("EAGAIN");
      neighbour.release();
      must(ours.tryLock(last - 1)).release();
      expect(errnoOf(ours.tryLock(last))).toBe("EAGAIN");
      theirs[Symbol.dispose]();
      must(ours.tryLock(last)).release();
      second.release();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

function textContract(open: () => Platform): void {
  test("a text file is made once, read, written and removed", () => {
    const folder = mkdtempSync(join(tmpdir(), "landfall-text-"));
    try {
      const { files } = open();
      const path = join(folder, "10.0.0.1");
      expect(errnoOf(files.readText(path))).toBe("ENOENT");
      expect(errnoOf(files.removeFile(path))).toBe("ENOENT");
      must(files.createText(path, "c1\r\neth0"));
      expect(errnoOf(files.createText(path, "other"))).toBe("EEXIST");
      expect(must(files.readText(path))).toBe("c1\r\neth0");
      for (const text of ["c2", "c2\r\neth1, and more of it", "", "c2"]) {
        must(files.writeText(path, text));
        expect(must(files.readText(path))).toBe(text);
      }
      expect(must(files.list(folder))).toEqual(["10.0.0.1"]);
      must(files.makeDirectory(folder));
      must(files.removeFile(path));
      expect(must(files.list(folder))).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

function clockContract(open: () => Platform): void {
  test("boot time advances by at least the length of a sleep", async () => {
    const { clock } = open();
    const before = clock.boottime();
    await clock.sleep(millis(5));
    // setTimeout counts whole milliseconds, so it may fire a fraction early.
    expect(clock.boottime() - before).toBeGreaterThanOrEqual(4);
  });

  test("a sleep ends at once when its signal fires, before or during", async () => {
    const { clock } = open();
    const control = new AbortController();
    const sleeping = clock.sleep(millis(60_000), control.signal);
    control.abort();
    await sleeping;
    await clock.sleep(millis(60_000), control.signal);
    expect(control.signal.aborted).toBe(true);
  });

  test("random bytes are as many as asked for, and not the same again", () => {
    const { random } = open();
    const first = random.bytes(16);
    expect(first).toHaveLength(16);
    expect(random.bytes(16)).not.toEqual(first);
  });
}
