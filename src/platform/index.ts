/**
 * The only door to Linux: namespaces as handles, sockets inside them, locks, clocks, randomness.
 * Contract: no call leaves a thread in a foreign namespace; every refusal is a SysError with the
 * kernel's errno. Must not know what rtnetlink messages or Landfall's nouns mean.
 */
export { endProcess } from "./end-process.ts";
export { errnoName } from "./errno.ts";
export {
  type FakeNetwork,
  type FakePlatformOptions,
  fakePlatform,
  type ResolveNetns,
} from "./fake-platform.ts";
export { type FaultCount, type FaultPlan, faultyPlatform } from "./faulty-platform.ts";
export { openPlatform } from "./open-platform.ts";
export type {
  BootId,
  ByteLock,
  ByteLocks,
  Clock,
  Fd,
  FileLock,
  Files,
  Namespaces,
  NetnsCookie,
  NetnsHandle,
  Peer,
  Platform,
  ProcessInfo,
  Random,
  Socket,
  SocketAddress,
  SocketHandlers,
  SocketSpec,
  Sockets,
  SocketWatcher,
  SysError,
  SysResult,
} from "./platform.ts";
export { isTerminal } from "./terminal.ts";
