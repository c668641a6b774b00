import { expect, test } from "bun:test";
import { defined } from "../base/index.ts";
import { type Answer, ackPayload, fakeNetlink, reply } from "./fixtures/fake-socket.ts";
import { kernel } from "./fixtures/kernel.ts";
import { ControlType, encodeMessages } from "./message.ts";
import { type NetlinkEvent, watchLinks } from "./monitor.ts";
import { MessageType } from "./request.ts";

const payload = Uint8Array.fromHex(kernel.address);

/** A kernel that has one address and nothing else. */
const kernelWithAddress: Answer = (request) => {
  const done = [reply(request, ControlType.done, new Uint8Array(4))];
  if (request.type !== MessageType.getAddress) return [done];
  return [[reply(request, MessageType.newAddress, payload)], done];
};

const notification = (type: number) =>
  encodeMessages([{ type, flags: 0, sequence: 0, portId: 0, payload }]);

function watch(answer: Answer, signal?: AbortSignal) {
  const { platform, netns, sockets } = fakeNetlink(answer);
  const events = watchLinks(platform, netns, signal === undefined ? {} : { signal });
  const next = async (): Promise<NetlinkEvent | undefined> =>
    (await events.next()).value ?? undefined;
  /** The socket that listens now. */
  const feed = () =>
    defined(
      sockets.findLast((socket) => socket.handlers),
      "feed",
    );
  const arrive = (bytes: Uint8Array): void => feed().handlers?.onData(bytes);
  return { events, next, feed, arrive, sockets };
}

test("the first event is everything there is; changes follow in order", async () => {
  const { next, arrive, feed } = watch(kernelWithAddress);
  const first = await next();
  expect(first).toMatchObject({ kind: "resync", links: [], routes: [], neighbours: [] });
  expect(first?.kind === "resync" && first.addresses.length).toBe(1);
  expect(feed().groups).toEqual([1, 5, 9, 7, 11]);
  arrive(notification(MessageType.deleteAddress));
  arrive(notification(MessageType.newAddress));
  expect(await next()).toMatchObject({ kind: "address", change: "deleted" });
  expect(await next()).toMatchObject({ kind: "address", change: "set" });
});

test("it listens before it reads, so that nothing falls in between", async () => {
  const { next, arrive, sockets } = watch((request) => {
    if (request.type === MessageType.getAddress) arrive(notification(MessageType.newAddress));
    return kernelWithAddress(request);
  });
  expect((await next())?.kind).toBe("resync");
  expect(sockets[0]?.handlers).toBeDefined();
  expect((await next())?.kind).toBe("address");
});

test("an overrun is answered with everything, by a new socket", async () => {
  const { next, feed, arrive } = watch(kernelWithAddress);
  await next();
  const old = feed();
  const waiting = next();
  old.handlers?.onClose(new Error("ENOBUFS"));
  expect((await waiting)?.kind).toBe("resync");
  expect(old.closed).toBe(true);
  expect(feed()).not.toBe(old);
  arrive(notification(MessageType.newAddress));
  expect((await next())?.kind).toBe("address");
});

test("what nobody fetches is dropped, and answered with everything", async () => {
  const { next, arrive } = watch(kernelWithAddress);
  await next();
  for (let i = 0; i < 5000; i++) arrive(notification(MessageType.newAddress));
  expect((await next())?.kind).toBe("resync");
});

test("a notification that cannot be read is answered with everything", async () => {
  const { next, arrive } = watch(kernelWithAddress);
  await next();
  arrive(notification(MessageType.newAddress).subarray(0, 30));
  expect((await next())?.kind).toBe("resync");
});

test("a signal ends it while it waits, and closes the socket", async () => {
  const stop = new AbortController();
  const { events, next, feed } = watch(kernelWithAddress, stop.signal);
  await next();
  const waiting = events.next();
  stop.abort();
  expect(await waiting).toEqual({ done: true, value: undefined });
  expect(feed().closed).toBe(true);
});

test("leaving the loop closes the socket", async () => {
  const { events, next, feed } = watch(kernelWithAddress);
  await next();
  await events.return(undefined);
  expect(feed().closed).toBe(true);
});

test("a refusal ends it; one that may pass is tried again, for a while", async () => {
  const refusing = watch((request) => [[reply(request, ControlType.error, ackPayload(1))]]);
  expect(await refusing.next()).toMatchObject({ kind: "failed", refusal: { errno: "EPERM" } });
  expect(await refusing.next()).toBeUndefined();
  const lossy = watch(() => ["ENOBUFS"]);
  expect(await lossy.next()).toMatchObject({ kind: "failed", refusal: { errno: "ENOBUFS" } });
  expect(await lossy.next()).toBeUndefined();
  expect(lossy.sockets.length).toBe(18);
  expect(lossy.sockets.every((socket) => socket.closed)).toBe(true);
});

test("links of ignored names are passed over, unread, and others are told", async () => {
  const { platform, netns, sockets } = fakeNetlink(kernelWithAddress);
  const ignoreLink = (name: string): boolean => name === "lo";
  const events = watchLinks(platform, netns, { groups: ["links"], ignoreLink });
  await events.next();
  const message = (hex: string) => ({
    ...{ type: MessageType.newLink, flags: 0, sequence: 0, portId: 0 },
    payload: Uint8Array.fromHex(hex),
  });
  const datagram = encodeMessages([message(kernel.loopback), message(kernel.veth)]);
  sockets.findLast(({ handlers }) => handlers)?.handlers?.onData(datagram);
  expect((await events.next()).value).toMatchObject({ kind: "link", link: { name: "p0" } });
  await events.return();
});
