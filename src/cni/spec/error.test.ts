import { expect, test } from "bun:test";
import { addressInvalid } from "../../addr/index.ts";
import { parentMissing } from "../../domain/index.ts";
import { cniError, cniErrorOf, encodeError } from "./error.ts";
import { aboutText, encodeVersions, isAtLeast } from "./versions.ts";

test("a Problem becomes an error of its code that says what to do", () => {
  const missing = parentMissing({ parent: "eth9", links: ["eth0"], nearest: "eth0" });
  expect(cniErrorOf(missing)).toEqual({
    code: 11,
    msg:
      'No endpoint can be attached until there is a link "eth9" on this host; ' +
      "there are: eth0.",
    details:
      "LF-PARENT-MISSING: Did you mean eth0? If so, remove the network and make it on eth0. " +
      "See: ip -br link",
  });
});

test("what lies beneath a Problem is told, too", () => {
  const facts = { input: '"x"', what: "an address", reason: "no", example: "y", meant: undefined };
  const beneath = addressInvalid(facts);
  const problem = { ...beneath, causes: [beneath] };
  expect(cniErrorOf(problem).details).toContain('Because: "x" is not an address: no. (LF-ADDRESS');
});

test("errors as the specification writes them", () => {
  expect(JSON.parse(encodeError(cniError("invalidConfig", "no", "why"), "0.4.0"))).toEqual({
    cniVersion: "0.4.0",
    code: 7,
    msg: "no",
    details: "why",
  });
  expect(JSON.parse(encodeError(cniError("tryAgainLater", "later")))).toEqual({
    cniVersion: "1.1.0",
    code: 11,
    msg: "later",
  });
});

test("the answer to VERSION", () => {
  expect(JSON.parse(encodeVersions())).toEqual({
    cniVersion: "1.1.0",
    supportedVersions: ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"],
  });
});

test("versions are compared by their order, not as text", () => {
  expect(isAtLeast("0.3.1", "0.3.0")).toBeTrue();
  expect(isAtLeast("0.4.0", "1.0.0")).toBeFalse();
  expect(isAtLeast("1.1.0", "1.1.0")).toBeTrue();
});

test("a person who starts a plugin is told what it is", () => {
  expect(aboutText("macvlan", "0.1.0")).toBe(
    "CNI plugin macvlan 0.1.0 (Landfall)\n" +
      "CNI protocol versions supported: 0.1.0, 0.2.0, 0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0\n",
  );
});

// Found by the property test of configurations, which meets one once in some ten thousand.
test("what a message quotes cannot make two lines of it", () => {
  expect(cniError("invalidConfig", 'no address: "\n"').msg).toBe('no address: "\\u000a"');
  const facts = { input: "a\nb", what: "an address", reason: "no", example: "y", meant: undefined };
  expect(cniErrorOf(addressInvalid(facts)).msg).not.toContain("\n");
});
