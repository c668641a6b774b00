/**
 * A rule of bridges that the user-mode kernel is too old for: port security that takes note of whom
 * it refuses (Linux 6.2). iproute2 of Debian 12 cannot switch it on, and shows what it does.
 */
import { expect, test } from "bun:test";
import { setPort } from "../src/netlink/index.ts";
import { openPlatform } from "../src/platform/index.ts";
import { ALL, other } from "./kernel-rules/frames.ts";
import { OpenBox } from "./kernel-rules/open-box.ts";
import { macOf } from "./kernel-rules/site.ts";
import { must } from "./support/must.ts";

const stranger = macOf("01");
const port = (name: string) => `
  sw: ip link add ${name} type veth peer name ${name}x netns lan
  sw: ip link set ${name} master sw0
  sw: ip link set ${name} up
  lan: ip link set ${name}x up`;

test("a locked port with mab enters whom it refuses into the FDB, and still refuses", async () => {
  using box = new OpenBox(must(openPlatform()));
  await box.run(`
    sw: ip link add sw0 type bridge mcast_snooping 0
    ${port("s1")}
    ${port("s2")}
    sw: ip link set sw0 up`);
  const { ifindex } = await box.row("sw: ip link show s1");
  const link = { name: "s1", ifindex: Number(ifindex) };
  const known = async () => (await box.rows("sw: bridge fdb show dev s1")).map(({ mac }) => mac);
  const isHeard = () => box.heard("lan:s1x", other(stranger, ALL), ["lan:s2x"]);

  await box.request("sw", setPort({ link, learning: true, locked: true }));
  expect(await isHeard()).toEqual([]);
  expect(await known()).not.toContain(stranger);
  expect(await box.request("sw", setPort({ link, mab: true }))).toBe("done");
  expect(await isHeard()).toEqual([]);
  expect(await known()).toContain(stranger);
  await box.run(`sw: bridge fdb replace ${stranger} dev s1 master static`);
  expect(await isHeard()).toEqual(["lan:s2x"]);
});
