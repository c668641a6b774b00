/** The first descriptor of those that a service manager passes (sd_listen_fds(3)). */
const FIRST_DESCRIPTOR = 3;

/**
 * The listening sockets that the service manager opened for this process, by the names that its
 * unit gives them (FileDescriptorName=). None when the variables were meant for another process.
 */
export function inheritedSockets(
  env: Readonly<Record<string, string | undefined>>,
  pid: number,
): ReadonlyMap<string, number> {
  const { LISTEN_PID, LISTEN_FDS = "", LISTEN_FDNAMES = "" } = env;
  if (LISTEN_PID !== String(pid) || !/^\d{1,4}$/.test(LISTEN_FDS)) return new Map();
  const names = LISTEN_FDNAMES.split(":").slice(0, Number(LISTEN_FDS));
  return new Map(names.map((name, index) => [name, FIRST_DESCRIPTOR + index]));
}
