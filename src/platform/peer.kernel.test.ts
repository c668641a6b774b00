import { expect, test } from "bun:test";
import { mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { peerOf } from "./peer.ts";
import type { Fd } from "./platform.ts";

const descriptorOf = (socket: unknown): Fd => (socket as { readonly fd: Fd }).fd;

test("the kernel says which process connected, and as whom", async () => {
  const directory = mkdtempSync(join(tmpdir(), "landfall-peer-"));
  const path = join(directory, "socket");
  const met = Promise.withResolvers<ReturnType<typeof peerOf>>();
  const server = Bun.listen({
    unix: path,
    socket: { open: (socket) => met.resolve(peerOf(descriptorOf(socket))), data: () => undefined },
  });
  const script = `use Socket; socket(my $s, AF_UNIX, SOCK_STREAM, 0);
    connect($s, pack_sockaddr_un($ARGV[0])) or die $!; sleep 10;`;
  const child = Bun.spawn(["perl", "-e", script, path]);
  expect(await met.promise).toEqual({
    ok: true,
    value: { pid: child.pid, uid: process.getuid?.() ?? -1 },
  });
  child.kill();
  server.stop(true);
  rmSync(directory, { recursive: true });
});

test("what nobody connected is refused", () => {
  const file = openSync("/dev/null", "r") as Fd;
  expect(peerOf(file)).toMatchObject({ error: { errno: "ENOTSOCK" } });
});
