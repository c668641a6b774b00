import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseCall } from "./call.ts";
import { accepted, addEnvironment, anyJson, attachmentCall, callWith, refused } from "./testing.ts";
import { cniVersions } from "./versions.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("the environment", () => {
  test("an ADD is what the runtime says it is", () => {
    const call = attachmentCall(
      { type: "macvlan" },
      { CNI_ARGS: "IgnoreUnknown=1", CNI_PATH: "/opt/cni/bin::/usr/lib/cni" },
    );
    expect(call).toMatchObject({
      command: "ADD",
      containerId: "c1",
      ifname: "eth0",
      netns: "/run/netns/c1",
      ownNetns: "refused",
      args: "IgnoreUnknown=1",
      path: ["/opt/cni/bin", "/usr/lib/cni"],
    });
    expect(call.config).toMatchObject({ version: "1.0.0", name: "lan" });
    expect(JSON.parse(call.config.text)).toEqual({
      cniVersion: "1.0.0",
      name: "lan",
      type: "macvlan",
    });
  });

  // What the reference's plugins answer, seen with containernetworking-plugins 1.1.1.
  test.each([
    ["ADD", ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_PATH"]],
    ["CHECK", ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_PATH"]],
    ["DEL", ["CNI_CONTAINERID", "CNI_IFNAME", "CNI_PATH"]],
    ["GC", ["CNI_PATH"]],
    ["STATUS", ["CNI_PATH"]],
  ])("%s needs %p", (command, names) => {
    const missing = refused(parseCall({ CNI_COMMAND: command }, bytes("{}")));
    const msg = `required env variables [${names.join(",")}] missing`;
    expect(missing).toEqual({ code: 4, msg });
    for (const name of names) {
      const env = { ...addEnvironment, CNI_COMMAND: command, [name]: "" };
      const alone = `required env variables [${name}] missing`;
      expect(refused(parseCall(env, bytes("{}")))).toEqual({ code: 4, msg: alone });
    }
  });

  test("VERSION needs nothing and reads nothing", () => {
    expect(accepted(parseCall({ CNI_COMMAND: "VERSION" }, bytes("junk")))).toEqual({
      command: "VERSION",
    });
  });

  test.each([
    [{ CNI_COMMAND: "" }, 4, "required env variables [CNI_COMMAND] missing"],
    [{ CNI_COMMAND: "FOO" }, 4, "unknown CNI_COMMAND: FOO"],
    [{ CNI_COMMAND: "toString" }, 4, "unknown CNI_COMMAND: toString"],
    [{ CNI_CONTAINERID: "-x" }, 4, "invalid characters in containerID"],
    [{ CNI_CONTAINERID: "a/b" }, 4, "invalid characters in containerID"],
    [{ CNI_CONTAINERID: "a\n" }, 4, "invalid characters in containerID"],
    [{ CNI_IFNAME: "abcdefghijklmnop" }, 4, "interface name is too long"],
    [{ CNI_IFNAME: "äöüäöüäö" }, 4, "interface name is too long"],
    [{ CNI_IFNAME: "." }, 4, "interface name is . or .."],
    [{ CNI_IFNAME: ".." }, 4, "interface name is . or .."],
    ...["a b", "a/b", "a:b", "a\u00a0b"].map(
      (name) =>
        [
          { CNI_IFNAME: name },
          4,
          "interface name contains / or : or whitespace characters",
        ] as const,
    ),
  ])("%p is refused with code %d: %s", (env, code, msg) => {
    expect(refused(callWith({}, env))).toMatchObject({ code, msg });
  });

  test("the longest name of a link is 15 bytes", () => {
    expect(attachmentCall({}, { CNI_IFNAME: "abcdefghijklmno" }).ifname as string).toBe(
      "abcdefghijklmno",
    );
    const { details } = refused(callWith({}, { CNI_IFNAME: "abcdefghijklmnop" }));
    expect(details).toBe("interface name should be less than 16 characters");
  });

  test("names that the kernel would refuse name the variable", () => {
    expect(refused(callWith({}, { CNI_IFNAME: "eth%d" })).msg).toStartWith("CNI_IFNAME: ");
  });

  test("DEL may come without a namespace", () => {
    const call = attachmentCall({}, { CNI_COMMAND: "DEL", CNI_NETNS: "" });
    expect(call).not.toHaveProperty("netns");
  });

  test.each([
    ["1", "allowed"],
    ["true", "allowed"],
    ["TRUE", "allowed"],
    ["yes", "refused"],
    ["0", "refused"],
    ["", "refused"],
  ])("CNI_NETNS_OVERRIDE=%s: %s", (value, expected) => {
    const call = attachmentCall({}, { CNI_NETNS_OVERRIDE: value });
    expect(call.ownNetns as string).toBe(expected);
  });
});

describe("the configuration on stdin", () => {
  const stdin = (text: string) => parseCall(addEnvironment, bytes(text));

  test.each([
    ["", 6, "error unmarshall network config: "],
    ["{", 6, "error unmarshall network config: "],
    ["\ufeff{}", 6, "error unmarshall network config: "],
    ["[]", 6, "error unmarshall network config: it must be an object, not a list"],
    ["5", 6, "error unmarshall network config: it must be an object, not a number"],
    ['{"name":1}', 6, 'error unmarshall network config: "name" must be text, not a number'],
    ["null", 7, "missing network name"],
    ["{}", 7, "missing network name"],
    ['{"name":""}', 7, "missing network name"],
    ['{"name":null}', 7, "missing network name"],
    ['{"name":"a b"}', 7, "invalid characters found in network name"],
    ['{"name":"../x"}', 7, "invalid characters found in network name"],
    [
      '{"name":"n","cniVersion":3}',
      6,
      'decoding version from network config: "cniVersion" must be text, not a number',
    ],
  ])("%s is refused with code %d: %s", (text, code, msg) => {
    const error = refused(stdin(text));
    expect(error.code).toBe(code);
    expect(error.msg).toStartWith(msg);
    if (!msg.endsWith(": ")) expect(error.msg).toBe(msg);
  });

  test("a version that is not known is told together with those that are", () => {
    expect(refused(callWith({ cniVersion: "7.0.0" }))).toEqual({
      code: 1,
      msg: "incompatible CNI versions",
      details:
        'config is "7.0.0", plugin supports ["0.1.0" "0.2.0" "0.3.0" "0.3.1" "0.4.0" "1.0.0" ' +
        '"1.1.0"]',
    });
  });

  test("no version is the oldest, as in the days before there were versions", () => {
    expect(accepted(stdin('{"name":"n"}'))).toMatchObject({ config: { version: "0.1.0" } });
  });

  test("keys are matched in any case, and the last of several counts", () => {
    const call = accepted(stdin('{"name":"a","NAME":"b","CniVersion":"0.4.0"}'));
    expect(call).toMatchObject({ config: { name: "b", version: "0.4.0" } });
  });

  test.each(
    cniVersions.map((version) => [
      version,
      ["0.4.0", "1.0.0", "1.1.0"].includes(version),
      version === "1.1.0",
    ]),
  )("version %s: CHECK %p, GC and STATUS %p", (version, hasCheck, hasStatus) => {
    for (const [command, isThere] of [
      ["CHECK", hasCheck],
      ["GC", hasStatus],
      ["STATUS", hasStatus],
    ] as const) {
      const call = callWith({ cniVersion: version }, { CNI_COMMAND: command });
      expect(call.ok).toBe(isThere as boolean);
      if (call.ok) continue;
      const msg = `config version does not allow ${command}`;
      expect(call.error).toEqual({ code: 1, msg });
    }
    for (const command of ["ADD", "DEL"]) {
      const call = callWith({ cniVersion: version }, { CNI_COMMAND: command });
      expect(accepted(call).command).toBe(command as "ADD");
    }
  });

  test("GC and STATUS come with empty variables", () => {
    const empty = { CNI_CONTAINERID: "", CNI_NETNS: "", CNI_IFNAME: "" };
    for (const CNI_COMMAND of ["GC", "STATUS"]) {
      const call = callWith({ cniVersion: "1.1.0" }, { ...empty, CNI_COMMAND });
      expect(accepted(call)).toMatchObject({ command: CNI_COMMAND, config: { name: "lan" } });
    }
  });

  test("whatever comes, the answer is a call or an error of the specification's table", () => {
    const stdins = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      anyJson.map((json) => bytes(JSON.stringify(json))),
      fc
        .record({
          name: fc.oneof(fc.string(), anyJson),
          cniVersion: fc.oneof(fc.string(), anyJson),
        })
        .map((config) => bytes(JSON.stringify(config))),
    );
    const environments = fc.record({
      CNI_COMMAND: fc.constantFrom("ADD", "DEL", "CHECK", "GC", "STATUS"),
      CNI_CONTAINERID: fc.string(),
      CNI_NETNS: fc.string(),
      CNI_IFNAME: fc.string(),
      CNI_PATH: fc.string(),
      CNI_ARGS: fc.string(),
    });
    fc.assert(
      fc.property(environments, stdins, (env, stdin) => {
        const call = parseCall(env, stdin);
        if (!call.ok) expect([1, 4, 6, 7]).toContain(call.error.code);
        else expect(call.value.command as string).toBe(env.CNI_COMMAND);
      }),
    );
  });
});
