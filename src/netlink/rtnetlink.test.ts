import { describe, expect, test } from "bun:test";
import { type Answer, ackPayload, fakeNetlink, reply } from "./fixtures/fake-socket.ts";
import { kernel } from "./fixtures/kernel.ts";
import { must } from "./fixtures/values.ts";
import { addLink, deleteLink, getLink, listAddresses, openRtnetlink } from "./index.ts";
import { ControlType, MessageFlag, type RawMessage } from "./message.ts";
import { MessageType } from "./request.ts";

const errno = { EPERM: 1, EINTR: 4, EBUSY: 16, ENODEV: 19 } as const;

const yes = (request: RawMessage) => reply(request, ControlType.error, ackPayload(0));
const no = (request: RawMessage, error: number) =>
  reply(request, ControlType.error, ackPayload(error));
const address = (request: RawMessage, flags = 0) =>
  reply(request, MessageType.newAddress, Uint8Array.fromHex(kernel.address), flags);
const done = (request: RawMessage, error = 0) =>
  reply(request, ControlType.done, ackPayload(error).subarray(0, 4));

function open(answer: Answer) {
  const fake = fakeNetlink(answer);
  return { fake, rtnetlink: must(openRtnetlink(fake.platform, fake.netns)) };
}

const remove = (ifindex: number) => deleteLink({ ifindex });

describe("requests", () => {
  test("several go out in one send, each asking for an acknowledgement", () => {
    const { fake, rtnetlink } = open((request) => [[yes(request)]]);
    const results = rtnetlink.execute([remove(1), remove(2), remove(3)]);
    expect(results.map((result) => result.ok)).toEqual([true, true, true]);
    const [sent, ...rest] = fake.sockets[0]?.sent ?? [];
    expect(rest).toEqual([]);
    expect(sent?.map((message) => message.flags & MessageFlag.ack)).toEqual([4, 4, 4]);
    expect(new Set(sent?.map((message) => message.sequence)).size).toBe(3);
  });

  test("a refused one does not stop those after it", () => {
    let count = 0;
    const { rtnetlink } = open((request) => [
      [++count === 2 ? no(request, errno.EBUSY) : yes(request)],
    ]);
    const results = rtnetlink.execute([remove(1), remove(2), remove(3)]);
    expect(results).toMatchObject([
      { ok: true },
      { ok: false, error: { errno: "EBUSY", command: "ip link del dev if2", retryable: false } },
      { ok: true },
    ]);
  });

  test("more than a receive buffer can answer go out in several sends, all in order", () => {
    const { fake, rtnetlink } = open((request) => [[yes(request)]]);
    const results = rtnetlink.execute(Array.from({ length: 70 }, (_, i) => remove(i + 1)));
    expect(results.filter((result) => result.ok).length).toBe(70);
    const sends = fake.sockets[0]?.sent.map((messages) => messages.length);
    expect(sends).toEqual([32, 32, 6]);
  });

  test("an answer comes before its acknowledgement", () => {
    const link = Uint8Array.fromHex(kernel.macvlan);
    const { rtnetlink } = open((request) => [
      [reply(request, MessageType.newLink, link)],
      [yes(request)],
    ]);
    expect(must(rtnetlink.request(getLink({ ifindex: 12 }))).name).toBe("m9");
  });

  test("answers to other questions, and to other sockets, are passed over", () => {
    const { rtnetlink } = open((request) => [
      [yes({ ...request, sequence: 1 })],
      [no({ ...request, sequence: request.sequence + 7 }, errno.EPERM)],
      [{ ...no(request, errno.EPERM), portId: 99 }],
      [yes(request)],
    ]);
    rtnetlink.request(remove(1));
    expect(rtnetlink.request(remove(2)).ok).toBe(true);
  });

  test("one that is answered twice does not stand for another", () => {
    let count = 0;
    const { rtnetlink } = open((request) =>
      ++count === 1 ? [[yes(request)], [yes(request)]] : [[no(request, errno.EBUSY)]],
    );
    expect(rtnetlink.execute([remove(1), remove(2)])).toMatchObject([
      { ok: true },
      { ok: false, error: { errno: "EBUSY" } },
    ]);
  });

  test("no answer is EAGAIN, a lost one ENOBUFS; both may be tried again", () => {
    const silent = open(() => []);
    expect(silent.rtnetlink.request(remove(1))).toMatchObject({
      error: { errno: "EAGAIN", retryable: true },
    });
    let count = 0;
    const lossy = open((request) => (++count === 1 ? ["ENOBUFS"] : [[yes(request)]]));
    expect(lossy.rtnetlink.execute([remove(1), remove(2)])).toMatchObject([
      { ok: false, error: { errno: "ENOBUFS", retryable: true } },
      { ok: true },
    ]);
  });

  test("an answer that cannot be read is EBADMSG with the attribute", () => {
    // IFLA_MTU with two bytes.
    const broken = Uint8Array.fromHex(`${kernel.veth.slice(0, 32)}0600040001000000`);
    const { rtnetlink } = open((request) => [
      [reply(request, MessageType.newLink, broken)],
      [yes(request)],
    ]);
    expect(rtnetlink.request(getLink({ ifindex: 10 }))).toMatchObject({
      error: { errno: "EBADMSG", attribute: "mtu", message: "2 bytes, not 4" },
    });
  });

  test("a refusal names the attribute at the kernel's offset, and the kernel's words", () => {
    const request = addLink({
      kind: "macvlan",
      name: "m",
      parent: { ifindex: 9 },
      mode: { kind: "vepa" },
    });
    // Header 16, ifinfomsg 16, link 8, name 8, linkInfo 4, kind 12, data 4: mode begins at 68.
    const offset = "0800020044000000";
    const words = `0a000100${Buffer.from("wrong\0").toString("hex")}0000`;
    const { rtnetlink } = open((sent) => [
      [
        reply(
          sent,
          ControlType.error,
          ackPayload(22, Uint8Array.fromHex(words + offset)),
          MessageFlag.capped | MessageFlag.ackAttributes,
        ),
      ],
    ]);
    expect(rtnetlink.request(request)).toEqual({
      ok: false,
      error: {
        errno: "EINVAL",
        message: "wrong",
        attribute: "linkInfo.data.mode",
        command: "ip link add link if9 name m type macvlan mode vepa",
        retryable: false,
      },
    });
  });

  test("a refusal names an attribute that is missing, by the nest it is missing from", () => {
    const refuse = (attributes: string) => {
      const { rtnetlink } = open((sent) => [
        [
          reply(
            sent,
            ControlType.error,
            ackPayload(22, Uint8Array.fromHex(attributes)),
            MessageFlag.capped | MessageFlag.ackAttributes,
          ),
        ],
      ]);
      return rtnetlink.request(
        addLink({ kind: "macvlan", name: "m", parent: { ifindex: 9 }, mode: { kind: "vepa" } }),
      );
    };
    // IFLA_MTU of the message; IFLA_MACVLAN_FLAGS of the data at 64; number 99 of linkInfo at 48.
    expect(refuse("0800050004000000")).toMatchObject({ error: { attribute: "mtu" } });
    expect(refuse("08000500020000000800060040000000")).toMatchObject({
      error: { attribute: "linkInfo.data.flags" },
    });
    expect(refuse("08000500630000000800060030000000")).toMatchObject({
      error: { attribute: "linkInfo.99" },
    });
  });

  test("a refusal that repeats the request still ends with the kernel's words", () => {
    const request = remove(7);
    const repeated = "00".repeat(16);
    const words = `0a000100${Buffer.from("wrong\0").toString("hex")}0000`;
    const payload = ackPayload(22, Uint8Array.fromHex(repeated + words));
    new DataView(payload.buffer).setUint32(4, 32, true);
    const { rtnetlink } = open((sent) => [
      [reply(sent, ControlType.error, payload, MessageFlag.ackAttributes)],
    ]);
    expect(rtnetlink.request(request)).toMatchObject({ error: { message: "wrong" } });
  });
});

describe("lists", () => {
  const interrupted = MessageFlag.dumpInterrupted;

  test("come in several parts and end with NLMSG_DONE", () => {
    const { rtnetlink } = open((request) => [
      [address(request), address(request)],
      [address(request)],
      [done(request)],
    ]);
    expect(must(rtnetlink.dump(listAddresses())).length).toBe(3);
  });

  test("that change while they are read are read again", () => {
    let count = 0;
    const { fake, rtnetlink } = open((request) =>
      ++count === 1
        ? [[address(request), address(request, interrupted)], [done(request)]]
        : [[address(request)], [done(request)]],
    );
    expect(must(rtnetlink.dump(listAddresses())).length).toBe(1);
    expect(fake.sockets[0]?.sent.length).toBe(2);
  });

  test("that never hold still are EINTR in the end", () => {
    const { fake, rtnetlink } = open((request) => [
      [address(request, interrupted)],
      [done(request)],
    ]);
    expect(rtnetlink.dump(listAddresses())).toMatchObject({
      error: { errno: "EINTR", retryable: true, command: "ip addr show" },
    });
    expect(fake.sockets[0]?.sent.length).toBe(8);
  });

  test("that the kernel breaks off are its errno, not a short list", () => {
    const { rtnetlink } = open((request) => [[address(request)], [done(request, errno.EINTR)]]);
    expect(rtnetlink.dump(listAddresses())).toMatchObject({ error: { errno: "EINTR" } });
    const refused = open((request) => [[no(request, errno.EPERM)]]);
    expect(refused.rtnetlink.dump(listAddresses())).toMatchObject({ error: { errno: "EPERM" } });
    const lost = open((request) => [[address(request)], "ENOBUFS", [done(request)]]);
    expect(lost.rtnetlink.dump(listAddresses())).toMatchObject({ error: { errno: "ENOBUFS" } });
  });

  test("skip what is left of an earlier list", () => {
    let count = 0;
    const { rtnetlink } = open((request) =>
      ++count === 1 ? ["ENOBUFS", [address(request)], [done(request)]] : [[done(request)]],
    );
    expect(rtnetlink.dump(listAddresses()).ok).toBe(false);
    expect(must(rtnetlink.dump(listAddresses()))).toEqual([]);
  });
});
