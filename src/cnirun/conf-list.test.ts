import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseConf, parseConfList } from "./conf-list.ts";

const whole = { cniVersion: "1.0.0", name: "pods", plugins: [{ type: "bridge" }] };

function parse(change: object) {
  return parseConfList("/etc/x.conflist", JSON.stringify({ ...whole, ...change }));
}

function detailOf(change: object): string {
  const parsed = parse(change);
  return parsed.ok ? "it was taken" : parsed.error.detail;
}

test("a list is read with what it switches off", () => {
  const disabled = { disableCheck: true, disableGC: "TRUE", loadOnlyInlinedPlugins: "true" };
  const plugins = [{ type: "a", capabilities: { ips: true, mac: false } }, { TYPE: "b" }];
  const parsed = parse({ ...disabled, plugins });
  expect(parsed.ok && parsed.value).toMatchObject({
    name: "pods",
    cniVersion: "1.0.0",
    check: "disabled",
    gc: "disabled",
    morePlugins: "inlined-only",
    plugins: [
      { type: "a", capabilities: ["ips"], object: plugins[0] },
      { type: "b", capabilities: [], object: plugins[1] },
    ],
  });
});

// Specification, "Configuration format"; the choice among versions is that of libcni 1.2 and later.
test.each([
  [{ cniVersion: undefined }, "0.1.0"],
  [{ cniVersion: "0.4.0" }, "0.4.0"],
  [{ cniVersion: "1.0.0", cniVersions: ["0.4.0", "1.1.0"] }, "1.1.0"],
  [{ cniVersion: "1.0.0", cniVersions: ["2.0.0", "1.10.0"] }, "1.0.0"],
  [{ cniVersion: undefined, cniVersions: ["0.3.1", "0.4.0"] }, "0.4.0"],
])("%j is used as %s", (change, version) => {
  const parsed = parse(change);
  expect(parsed.ok && parsed.value.cniVersion).toBe(version);
});

test.each([
  [{ name: undefined }, "name must be text, and is missing"],
  [{ name: 7 }, "name must be text, and is a number"],
  [{ name: "-lan" }, '"-lan" is no name of a CNI network'],
  [{ name: "a/b" }, '"a/b" is no name of a CNI network'],
  [{ cniVersion: "1.0" }, '"1.0" is no version such as "1.0.0"'],
  [{ cniVersion: "1.2.0" }, "version 1.2.0 is newer than 1.1.0"],
  [{ cniVersions: "1.0.0" }, "cniVersions is a string, not a list"],
  [{ disableCheck: 1 }, "disableCheck is 1, not true or false"],
  [{ disableGC: "yes" }, 'disableGC is "yes", not true or false'],
  [{ plugins: {} }, "plugins is an object, not a list"],
  [{ plugins: [] }, "plugins is empty"],
  [{ plugins: undefined, loadOnlyInlinedPlugins: true }, "plugins is missing, not a list"],
  [{ plugins: [null] }, "plugins[0] is null, not an object"],
  [{ plugins: [{ type: "a" }, {}] }, "plugins[1].type must name a plugin, and is missing"],
  [{ plugins: [{ type: "../a" }] }, 'plugins[0].type is a name, not a path: "../a"'],
  [{ plugins: [{ type: ".." }] }, 'plugins[0].type is a name, not a path: ".."'],
  [{ plugins: [{ type: "a", capabilities: [] }] }, "capabilities is a list, not an object"],
  [{ plugins: [{ type: "a", capabilities: { ips: 1 } }] }, "capabilities.ips is a number"],
])("%j is refused: %s", (change, words) => {
  expect(detailOf(change)).toContain(words);
});

describe("text that is no list", () => {
  test.each([
    ["", "is no JSON"],
    ["[]", "is a list, where an object must be"],
    ["null", "is null, where an object must be"],
  ])("%j %s", (text, words) => {
    const parsed = parseConfList("/etc/x.conflist", text);
    expect(parsed.ok ? "" : parsed.error.detail).toContain(`/etc/x.conflist: it ${words}`);
  });

  test("is refused and never thrown at, whatever it is", () => {
    const read = (value: unknown) => parseConfList("/x", JSON.stringify(value) ?? "");
    fc.assert(
      fc.property(fc.jsonValue(), fc.string(), (value, key) => {
        for (const odd of [value, { [key]: value }, { ...whole, [key]: value }]) {
          const parsed = read(odd);
          if (!parsed.ok) expect(parsed.error.code).toMatch(/^LF-CNI-RUN-(CONF|NAME)$/);
        }
      }),
    );
  });
});

test("one plugin's file is a list of it alone", () => {
  const plugin = { cniVersion: "0.4.0", name: "pods", type: "macvlan", master: "eth0" };
  const parsed = parseConf("/etc/x.conf", JSON.stringify(plugin));
  expect(parsed.ok && parsed.value).toMatchObject({
    name: "pods",
    cniVersion: "0.4.0",
    plugins: [{ type: "macvlan", object: plugin }],
  });
  expect(parsed.ok && JSON.parse(parsed.value.text)).toEqual({
    cniVersion: "0.4.0",
    name: "pods",
    plugins: [plugin],
  });
});
