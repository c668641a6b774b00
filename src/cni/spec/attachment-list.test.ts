import { expect, test } from "bun:test";
import { decodeAttachments } from "./attachment-list.ts";
import { accepted, configWith, refused } from "./testing.ts";

const decode = (config: object) => decodeAttachments(configWith(config));
const one = [{ containerID: "c1", ifname: "eth0" }];
const decoded = [{ containerId: "c1", ifname: "eth0" }];

test("the attachments that are valid", () => {
  expect(accepted(decode({ "cni.dev/valid-attachments": one }))).toEqual(decoded);
  expect(accepted(decode({ "cni.dev/attachments": one }))).toEqual(decoded);
  expect(accepted(decode({ "cni.dev/attachments": [], "cni.dev/valid-attachments": one }))).toEqual(
    decoded,
  );
});

test("an empty list means that none is, and Go writes an empty one as null", () => {
  expect(accepted(decode({ "cni.dev/valid-attachments": [] }))).toEqual([]);
  expect(accepted(decode({ "cni.dev/valid-attachments": null }))).toEqual([]);
});

test("no list is no reason to remove everything", () => {
  expect(refused(decode({}))).toEqual({ code: 7, msg: '"cni.dev/valid-attachments" is missing' });
});

test.each([
  [{}, 6, '"cni.dev/valid-attachments" must be a list, not an object'],
  [[5], 6, '"cni.dev/valid-attachments[0]" must be an object, not a number'],
  [[{ ifname: "eth0" }], 7, '"cni.dev/valid-attachments[0].containerID" is missing'],
  [[{ containerID: "c1" }], 7, '"cni.dev/valid-attachments[0].ifname" is missing'],
])("%j is refused with code %d: %s", (list, code, msg) => {
  expect(refused(decode({ "cni.dev/valid-attachments": list }))).toEqual({ code, msg });
});
