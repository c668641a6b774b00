import { expect, test } from "bun:test";
import { err } from "../base/index.ts";
import { type Answer, ackPayload, fakeNetlink, reply } from "./fixtures/fake-socket.ts";
import { kernel } from "./fixtures/kernel.ts";
import { deleteLinkAside } from "./index.ts";
import { ControlType, encodeMessages, MessageFlag, type RawMessage } from "./message.ts";
import { MessageType } from "./request.ts";

const ENODEV = 19;
/** The link of kernel.macvlan. */
const link = { ifindex: 12, name: "m9" };

const ack = (request: RawMessage, errno = 0) =>
  reply(request, ControlType.error, ackPayload(errno), MessageFlag.capped);
const gone = (request: RawMessage) =>
  reply(request, MessageType.deleteLink, Uint8Array.fromHex(kernel.macvlan));

/** A deletion whose send ends when `release` is called; `hear` is what the event loop does. */
function begin(answer: Answer, sending: "ends" | "waits" = "ends") {
  const fake = fakeNetlink(answer);
  const open = fake.platform.sockets.open;
  const released = Promise.withResolvers<void>();
  const sockets = {
    open: (...of: Parameters<typeof open>) => {
      const opened = open(...of);
      const [socket] = fake.sockets;
      if (socket !== undefined && sending === "waits") {
        socket.sendAside = async (bytes) => {
          const sent = socket.send(bytes);
          await released.promise;
          return sent;
        };
      }
      return opened;
    },
  };
  const done = deleteLinkAside({ ...fake.platform, sockets }, fake.netns, link);
  return { fake, done, release: released.resolve };
}

test("a deletion that the kernel tells of is done, though the send goes on", async () => {
  const { fake, done } = begin(() => [], "waits");
  await Promise.resolve();
  const [request] = fake.sockets[0]?.sent[0] ?? [];
  expect(request?.flags).toBe(MessageFlag.request | MessageFlag.ack | MessageFlag.echo);
  fake.sockets[0]?.handlers?.onData(encodeMessages([gone(request as RawMessage)]));
  expect(await done).toEqual({ ok: true, value: undefined });
  expect(fake.sockets[0]?.closed).toBe(true);
});

test("what is told of another link, or to another request, is passed over", async () => {
  const other = Uint8Array.fromHex(kernel.veth);
  const { done } = begin((request) => [
    [reply(request, MessageType.deleteLink, other)],
    [gone({ ...request, sequence: 77 })],
    [ack(request, ENODEV)],
  ]);
  expect(await done).toMatchObject({
    error: { errno: "ENODEV", command: "ip link del dev m9", retryable: false },
  });
});

test("without a word before it, the acknowledgement is the end", async () => {
  const { done } = begin((request) => [[ack(request)]]);
  expect(await done).toEqual({ ok: true, value: undefined });
});

test("an answer that never comes is EAGAIN, a lost one ENOBUFS", async () => {
  expect(await begin(() => []).done).toMatchObject({ error: { errno: "EAGAIN", retryable: true } });
  expect(await begin(() => ["ENOBUFS"]).done).toMatchObject({ error: { errno: "ENOBUFS" } });
  const { fake, done, release } = begin(() => [], "waits");
  await Promise.resolve();
  // As when a datagram did not fit the receive buffer: the event loop closes such a socket.
  fake.sockets[0]?.handlers?.onClose(new Error("ENOBUFS"));
  release();
  expect(await done).toMatchObject({ error: { errno: "ENOBUFS", retryable: true } });
});

test("no more than a few want the lock at once; the others come when one is told", async () => {
  const begun = Array.from({ length: 6 }, () => begin(() => [], "waits"));
  const sockets = () => begun.flatMap(({ fake }) => fake.sockets);
  const tell = async () => {
    const waiting = sockets().filter((socket) => !socket.closed);
    for (const socket of waiting.slice(0, 1)) {
      socket.handlers?.onData(encodeMessages([gone(socket.sent[0]?.[0] as RawMessage)]));
    }
    await Bun.sleep(0);
    return sockets().length;
  };
  await Bun.sleep(0);
  expect(sockets()).toHaveLength(4);
  expect([await tell(), await tell(), await tell()]).toEqual([5, 6, 6]);
  for (let left = 0; left < 3; left++) await tell();
  for (const { done } of begun) expect((await done).ok).toBe(true);
});

test("a send that is refused is the refusal", async () => {
  const refused = fakeNetlink(() => []);
  const open: typeof refused.platform.sockets.open = (...of) => {
    const opened = refused.platform.sockets.open(...of);
    for (const made of refused.sockets) {
      made.sendAside = async () => err({ errno: "ENOMEM", call: "sendto" });
    }
    return opened;
  };
  const platform = { ...refused.platform, sockets: { open } };
  expect(await deleteLinkAside(platform, refused.netns, link)).toMatchObject({
    error: { errno: "ENOMEM", message: "sendto" },
  });
});
