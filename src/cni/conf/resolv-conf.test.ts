import { expect, test } from "bun:test";
import fc from "fast-check";
import { parseResolvConf } from "./resolv-conf.ts";

// The cases of the reference's dns_test.go.
test("a file with blanks before its lines", () => {
  expect(parseResolvConf("\n\t\tnameserver 192.0.2.0\n\t\tnameserver 192.0.2.1\n\t\t")).toEqual({
    nameservers: ["192.0.2.0", "192.0.2.1"],
    search: [],
    options: [],
  });
});

test("comments", () => {
  const text = "nameserver 192.0.2.0\n;nameserver 192.0.2.1\n# nameserver 192.0.2.2\n";
  expect(parseResolvConf(text).nameservers).toEqual(["192.0.2.0"]);
});

test("everything", () => {
  const text = `
nameserver 192.0.2.0
nameserver 192.0.2.2
domain example.com
;nameserver comment
#nameserver comment
search example.net example.org
search example.gov
options one two three
options four
`;
  expect(parseResolvConf(text)).toEqual({
    nameservers: ["192.0.2.0", "192.0.2.2"],
    domain: "example.com",
    search: ["example.net", "example.org", "example.gov"],
    options: ["one", "two", "three", "four"],
  });
});

test("a key without a word says nothing, whatever the file holds", () => {
  expect(parseResolvConf("nameserver\ndomain\nsearch\r\n")).toEqual({
    nameservers: [],
    search: [],
    options: [],
  });
  fc.assert(
    fc.property(fc.string(), (text) => {
      const words = text.split(/\s+/).length;
      const { nameservers, search, options } = parseResolvConf(text);
      expect(nameservers.length + search.length + options.length).toBeLessThan(words + 1);
    }),
  );
});
