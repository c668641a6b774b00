import { expect, test } from "bun:test";
import { namedDataDir } from "./named-data-dir.ts";

test.each([
  ['{"ipam":{"type":"host-local","dataDir":"/srv/cni"}}', "/srv/cni"],
  ['{"IPAM":{"datadir":"/srv/cni"}}', "/srv/cni"],
  ['{"ipam":{"type":"host-local"}}', undefined],
  ['{"ipam":{"dataDir":"srv"}}', undefined],
  ['{"ipam":{"dataDir":7}}', undefined],
  ['{"dataDir":"/srv"}', undefined],
  ['{"ipam":{"dataDir":"/srv"', undefined],
  ["", undefined],
])("%s names %p", (text, folder) => {
  expect(namedDataDir(new TextEncoder().encode(text))).toBe(folder);
});
