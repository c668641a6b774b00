import { expect, test } from "bun:test";
import { must } from "./fixtures/values.ts";
import { MessageFlag, readAck, readDone, splitMessages } from "./message.ts";

const bytes = (hex: string) => Uint8Array.fromHex(hex.replaceAll(" ", ""));

const header = { type: 2, sequence: 1, portId: 1 };
// NLMSGERR_ATTR_MSG "hi".
const words = "07000100 68690000";

test("messages begin aligned, whatever the length of the one before", () => {
  const datagram = bytes(
    "11000000 1000 0000 01000000 02000000 ff000000 10000000 1100 0200 03000000 04000000",
  );
  expect(must(splitMessages(datagram))).toEqual([
    { type: 16, flags: 0, sequence: 1, portId: 2, payload: bytes("ff") },
    { type: 17, flags: 2, sequence: 3, portId: 4, payload: bytes("") },
  ]);
});

test("a message shorter than its header, or longer than the datagram, is an error", () => {
  for (const length of ["0f000000", "00000000", "11000000", "ffffffff"]) {
    const datagram = bytes(`${length} 1000 0000 01000000 02000000`);
    expect(splitMessages(datagram)).toMatchObject({ ok: false });
  }
});

test("an agreement may carry the kernel's words, and never repeats the request", () => {
  // The inner header says 32 bytes, but only itself follows.
  const payload = bytes(`00000000 20000000 1000 0500 01000000 00000000 ${words}`);
  const ack = readAck({ ...header, flags: MessageFlag.ackAttributes, payload });
  expect(must(ack)).toEqual({ errno: 0, extended: { message: "hi" } });
});

test("a refusal repeats the request unless it is capped", () => {
  const head = "f0ffffff 18000000 1000 0500 01000000 00000000";
  const attributes = MessageFlag.ackAttributes;
  const whole = {
    ...header,
    flags: attributes,
    payload: bytes(`${head} 0102030405060708 ${words}`),
  };
  const flags = attributes | MessageFlag.capped;
  const capped = { ...header, flags, payload: bytes(`${head} ${words}`) };
  const expected = { errno: 16, extended: { message: "hi" } };
  expect(must(readAck(whole))).toEqual(expected);
  expect(must(readAck(capped))).toEqual(expected);
  expect(must(readAck({ ...capped, flags: MessageFlag.capped }))).toEqual({
    errno: 16,
    extended: {},
  });
});

test("an acknowledgement cut short is an error", () => {
  for (const length of [0, 3, 4, 19]) {
    expect(readAck({ ...header, flags: 0, payload: new Uint8Array(length) }).ok).toBe(false);
  }
});

test("the end of a list has an errno of its own, or nothing at all", () => {
  const flags = MessageFlag.ackAttributes;
  expect(must(readDone({ ...header, flags: 0, payload: bytes("") })).errno).toBe(0);
  expect(must(readDone({ ...header, flags, payload: bytes(`fcffffff ${words}`) }))).toEqual({
    errno: 4,
    extended: { message: "hi" },
  });
});
