import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";
import { millis } from "../base/index.ts";
import { openPlatform } from "./open-platform.ts";
import { must, platformContract } from "./platform.contract.ts";
import type { NetnsHandle, Platform, Socket, SocketAddress } from "./platform.ts";

const open = (): Platform => must(openPlatform());

platformContract("Linux", open, "/etc/hostname");

/** Runs an independent program inside `netns`. */
function inside(netns: NetnsHandle, ...command: readonly string[]): string {
  const path = `/proc/${process.pid}/fd/${netns.fd}`;
  const done = spawnSync("nsenter", [`--net=${path}`, "--", ...command], { encoding: "utf8" });
  return `${done.stdout}${done.stderr}`;
}

test("ip sees a new namespace as one with nothing but lo", () => {
  using netns = must(open().namespaces.create());
  const links: { ifname: string }[] = JSON.parse(inside(netns, "ip", "-j", "link"));
  expect(links.map((link) => link.ifname)).toEqual(["lo"]);
});

test("sysctl(8) reads what was written", () => {
  const { namespaces, files } = open();
  using netns = must(namespaces.create());
  must(files.writeSysctl(netns, "net/ipv4/ip_forward", "1"));
  expect(inside(netns, "cat", "/proc/sys/net/ipv4/ip_forward")).toBe("1\n");
  expect(readFileSync("/proc/sys/net/ipv4/ip_forward", "utf8")).toBe("0\n");
});

test("boot time agrees with /proc/uptime", () => {
  const uptime = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) * 1000;
  expect(Math.abs(open().clock.boottime() - uptime)).toBeLessThan(1000);
});

test("no thread stays in a namespace, though the engine starts threads all the while", async () => {
  const platform = open();
  const work = (rounds: number): number => {
    let sum = 0;
    for (let i = 0; i < rounds; i++) sum += JSON.stringify({ i, text: `${i}` }).length;
    return sum;
  };
  const made: NetnsHandle[] = [];
  for (let round = 0; round < 40; round++) {
    const netns = must(platform.namespaces.create());
    made.push(netns);
    for (let i = 0; i < 25; i++) must(platform.sockets.open(netns, { kind: "rtnetlink" })).close();
    expect(work(2000)).toBeGreaterThan(0);
    Bun.gc(true);
    // Idle pauses let the engine end its helper threads and start new ones.
    await platform.clock.sleep(millis(5));
    expect(platform.process.strayThreads()).toEqual([]);
  }
  for (const netns of made) netns.close();
});

/** lo up in `netns`, by an independent program. */
function withLoopback(platform: Platform): NetnsHandle {
  const netns = must(platform.namespaces.create());
  inside(netns, "ip", "link", "set", "dev", "lo", "up");
  return netns;
}

const LOOPBACK = Uint8Array.of(127, 0, 0, 1);

async function eventually<T>(platform: Platform, ask: () => T | undefined): Promise<T> {
  for (let round = 0; round < 500; round++) {
    const answer = ask();
    if (answer !== undefined) return answer;
    await platform.clock.sleep(millis(2));
  }
  throw new Error("gave up waiting");
}

function connectTo(platform: Platform, netns: NetnsHandle, to: SocketAddress): Socket {
  const client = must(platform.sockets.open(netns, { kind: "tcp", version: 4 }));
  must(client.connect(to));
  return client;
}

test("TCP inside a namespace: listen, connect, accept, data, end of stream", async () => {
  const platform = open();
  using netns = withLoopback(platform);
  using listener = must(platform.sockets.open(netns, { kind: "tcp", version: 4 }));
  must(listener.bind({ address: LOOPBACK, port: 0 }));
  must(listener.listen(1));
  const { port } = must(listener.localAddress());
  expect(inside(netns, "cat", "/proc/net/tcp")).toContain(`0100007F:${hex16(port)}`);

  const client = connectTo(platform, netns, { address: LOOPBACK, port });
  const { socket, peer } = await eventually(platform, () => successOf(listener.accept()));
  expect([...peer.address]).toEqual([127, 0, 0, 1]);
  expect(must(client.connectResult())).toBe("connected");
  must(client.send(Uint8Array.of(1, 2, 3)));
  expect([...(await eventually(platform, () => successOf(socket.receive())))]).toEqual([1, 2, 3]);
  client.close();
  expect(await eventually(platform, () => successOf(socket.receive()))).toHaveLength(0);
  socket.close();
});

test("UDP inside a namespace: a datagram arrives with the address of its sender", async () => {
  const platform = open();
  using netns = withLoopback(platform);
  using server = must(platform.sockets.open(netns, { kind: "udp", version: 4 }));
  must(server.bind({ address: LOOPBACK, port: 0 }));
  using client = must(platform.sockets.open(netns, { kind: "udp", version: 4 }));
  must(client.bind({ address: Uint8Array.of(127, 0, 0, 9), port: 5555 }));
  must(client.send(Uint8Array.of(7, 8), must(server.localAddress())));
  const got = await eventually(platform, () => successOf(server.receiveFrom()));
  expect([...got.bytes]).toEqual([7, 8]);
  expect([...got.from.address, got.from.port]).toEqual([127, 0, 0, 9, 5555]);
});

test("a TCP connection to a closed port is refused by the kernel's errno", async () => {
  const platform = open();
  using netns = withLoopback(platform);
  using client = must(platform.sockets.open(netns, { kind: "tcp", version: 4 }));
  const started = client.connect({ address: LOOPBACK, port: 9 });
  const outcome = started.ok ? client.connectResult() : started;
  expect(outcome.ok ? "connected" : outcome.error.errno).toBe("ECONNREFUSED");
});

test("a watched packet socket gives each frame once, apart, in order", async () => {
  const platform = open();
  using netns = withLoopback(platform);
  const frames: Uint8Array[] = [];
  let closed = 0;
  using watcher = must(platform.sockets.open(netns, { kind: "packet", etherType: 0x88b5 })).watch({
    onData: (bytes) => frames.push(bytes),
    onClose: () => (closed += 1),
  });
  using sender = must(platform.sockets.open(netns, { kind: "packet", ifindex: 1 }));
  for (let i = 0; i < 200; i++) must(sender.send(frame(i)));
  // Loopback hands each frame to its own receive path; outgoing copies are not seen by this type.
  await eventually(platform, () => (frames.length >= 200 ? true : undefined));
  const payloads = frames.map((bytes) => bytes[14]);
  expect(payloads).toEqual(Array.from({ length: 200 }, (_, i) => i));
  watcher.close();
  await eventually(platform, () => (closed === 1 ? true : undefined));
  expect(closed).toBe(1);
});

test("a frame is received with the tag that the kernel took out of it", async () => {
  const platform = open();
  using netns = withLoopback(platform);
  using receiver = must(platform.sockets.open(netns, { kind: "packet", ifindex: 1 }));
  using sender = must(platform.sockets.open(netns, { kind: "packet", ifindex: 1 }));
  const sent = [frame(1), tagged(0x8100, 0xe00a), tagged(0x88a8, 20), tagged(0x8100, 0)];
  for (const bytes of sent) must(sender.send(bytes));
  const got: Uint8Array[] = [];
  // Each comes twice: leaving, when the tag is still in it, and arriving, when it is not.
  while (got.length < 2 * sent.length) {
    got.push(await eventually(platform, () => successOf(receiver.receive())));
  }
  for (const bytes of sent) {
    const hex = Buffer.from(bytes).toString("hex");
    expect(got.map((one) => Buffer.from(one).toString("hex")).filter((one) => one === hex)).toEqual(
      [hex, hex],
    );
  }
});

test("nobody but the kernel can send to a netlink socket", () => {
  const platform = open();
  using netns = must(platform.namespaces.create());
  using socket = must(platform.sockets.open(netns, { kind: "rtnetlink" }));
  // Columns of /proc/net/netlink: sk, Eth (the protocol), Pid (the port id), …
  const rows = inside(netns, "cat", "/proc/net/netlink").split("\n");
  const ports = rows.map((row) => row.split(/\s+/)).filter(([, protocol]) => protocol === "0");
  const [port = "none"] = ports.map(([, , id]) => id).filter((id) => id !== "0");
  const send = `socket(S,16,3,0) && send(S,pack("LSSLL",16,2,0,7,0),0,pack("SSLL",16,0,${port},0))`;
  expect(inside(netns, "perl", "-e", `print ${send} || $!`)).toBe("Connection refused");
  const got = socket.receive();
  expect(got.ok ? "received" : got.error.errno).toBe("EAGAIN");
});

/** RTM_GETLINK of ifindex 1, which is `lo` (linux/rtnetlink.h): a header and an ifinfomsg. */
const getLo = new Uint8Array(32);
getLo.set([32, 0, 0, 0, 18, 0, 1, 0]);
getLo.set([1], 20);

/** By which the kernel tells sockets apart. */
const nodeOf = ({ fd }: Socket): string => readlinkSync(`/proc/self/fd/${fd}`);

test("a netlink socket at home is used again, but not with what is left in it", () => {
  const platform = open();
  const home = must(platform.namespaces.home());
  const openOne = () => must(platform.sockets.open(home, { kind: "rtnetlink" }));
  const first = openOne();
  const node = nodeOf(first);
  first.close();
  // Once closed it is another's.
  first.close();
  const [second, third] = [openOne(), openOne()];
  expect([nodeOf(second), nodeOf(third)]).toEqual([node, expect.not.stringMatching(node)]);
  must(second.send(getLo));
  second.close();
  const fourth = openOne();
  expect(nodeOf(fourth)).not.toBe(node);
  const got = fourth.receive();
  expect(got.ok ? "received" : got.error.errno).toBe("EAGAIN");
  fourth.close();
  const [fifth, RTNLGRP_LINK] = [openOne(), 1];
  const grouped = nodeOf(fifth);
  must(fifth.joinGroup(RTNLGRP_LINK));
  fifth.close();
  using last = openOne();
  expect(nodeOf(last)).not.toBe(grouped);
  third.close();
});

function frame(payload: number): Uint8Array {
  const bytes = new Uint8Array(60);
  bytes.set([0x88, 0xb5, payload], 12);
  return bytes;
}

/** A frame with a VLAN tag (IEEE 802.1Q) and payload of every value. */
function tagged(protocol: number, control: number): Uint8Array {
  const header = [0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1, protocol >> 8, protocol & 255];
  const payload = Array.from({ length: 256 }, (_, value) => value);
  return Uint8Array.of(...header, control >> 8, control & 255, 0x88, 0xb5, ...payload);
}

function hex16(value: number): string {
  return value.toString(16).toUpperCase().padStart(4, "0");
}

function successOf<T>(result: { ok: true; value: T } | { ok: false }): T | undefined {
  return result.ok ? result.value : undefined;
}
