import { expect, test } from "bun:test";
import fc from "fast-check";
import { parseArgs } from "./args.ts";
import { argsOf, refused } from "./testing.ts";

test("what containerd and podman send", () => {
  const kubernetes = "K8S_POD_NAMESPACE=default;K8S_POD_NAME=web-0;K8S_POD_UID=7;IgnoreUnknown=1";
  expect([...argsOf(kubernetes)]).toEqual([
    ["K8S_POD_NAMESPACE", "default"],
    ["K8S_POD_NAME", "web-0"],
    ["K8S_POD_UID", "7"],
    ["IgnoreUnknown", "1"],
  ]);
  const podman = argsOf("IgnoreUnknown=1;K8S_POD_NAME=c;MAC=02:00:00:00:00:01;IP=10.0.0.5");
  expect(podman.get("MAC")).toBe("02:00:00:00:00:01");
  expect(podman.get("IP")).toBe("10.0.0.5");
});

// The reference's words, seen with its plugins 1.1.1; ours name the variable in full.
test.each([
  ["IP", 'CNI_ARGS: invalid pair "IP"'],
  ["IP=1=2", 'CNI_ARGS: invalid pair "IP=1=2"'],
  ["IP=1;", 'CNI_ARGS: invalid pair ""'],
  ["ip=1;Q=2", 'CNI_ARGS: unknown args ["ip=1" "Q=2"]'],
  ["IgnoreUnknown=0;Q=2", 'CNI_ARGS: unknown args ["Q=2"]'],
  [
    "IgnoreUnknown=x;Q=2",
    'CNI_ARGS: error parsing value of pair "IgnoreUnknown=x": ' +
      "boolean unmarshal error: invalid input x",
  ],
])("%s is refused: %s", (text, msg) => {
  expect(refused(parseArgs(text))).toEqual({ code: 4, msg });
});

test("IgnoreUnknown counts wherever it stands, in any case", () => {
  for (const value of ["1", "true", "TRUE", "True"]) {
    expect(argsOf(`Q=2;IgnoreUnknown=${value}`).size).toBe(1);
  }
});

test("an empty value is no value, also after another", () => {
  expect(argsOf("").size).toBe(0);
  expect(argsOf("IP=;MAC=").size).toBe(0);
  expect(argsOf("IP=10.0.0.1;IP=").has("IP")).toBeFalse();
});

test("any text gives pairs or a refusal with code 4", () => {
  const texts = fc.array(fc.constantFrom("IP", "MAC", "=", ";", "1", "IgnoreUnknown", "Q"));
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        texts.map((parts) => parts.join("")),
      ),
      (text) => {
        const args = parseArgs(text);
        if (!args.ok) expect(args.error.code).toBe(4);
      },
    ),
  );
});
