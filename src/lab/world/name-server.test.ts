import { expect, test } from "bun:test";
import type { Ip4 } from "../../addr/index.ts";
import { answerQuery } from "./name-server.ts";

const names = { "far.example": "203.0.113.80" as Ip4 };

/** A query as a resolver writes it (RFC 1035 section 4.1), for one name of two labels. */
function query(name: string, type = 1): Uint8Array {
  const labels = name.split(".").flatMap((label) => [label.length, ...Buffer.from(label)]);
  const header = [0x12, 0x34, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0];
  return Uint8Array.from([...header, ...labels, 0, 0, type, 0, 1]);
}

const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString("hex");
const question = "03666172" + "076578616d706c65" + "00";

test("a known name has its address, whatever the case of its letters", () => {
  // Answer: pointer to the question, type A, class IN, TTL 60, four bytes.
  const answer = "c00c00010001" + "0000003c" + "0004" + "cb007150";
  const header = "1234" + "8500" + "0001" + "0001" + "0000" + "0000";
  expect(hex(answerQuery(query("far.example"), names))).toBe(
    `${header}${question}00010001${answer}`,
  );
  expect(hex(answerQuery(query("FAR.example"), names))).toEndWith(answer);
});

test("a known name has no other records, and an unknown one does not exist", () => {
  expect(hex(answerQuery(query("far.example", 28), names))).toBe(
    `123485000001000000000000${question}001c0001`,
  );
  expect(hex(answerQuery(query("near.example"), names))).toStartWith("1234850300010000");
  expect(hex(answerQuery(query("constructor.prototype"), names))).toStartWith("12348503");
});

test("what is no query is not answered", () => {
  const whole = query("far.example");
  for (let end = 0; end < whole.length; end++) {
    expect(answerQuery(whole.subarray(0, end), names)).toBeUndefined();
  }
  const response = query("far.example");
  response[2] = 0x81;
  expect(answerQuery(response, names)).toBeUndefined();
  const two = query("far.example");
  two[5] = 2;
  expect(answerQuery(two, names)).toBeUndefined();
});
