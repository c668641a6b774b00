/** Attachments and Debian's own host-local in one directory: each gives only what is free. */
import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { openAttachmentSite } from "./support/attachment-site.ts";
import { key } from "./support/attachments.ts";
import { REFERENCE_PLUGINS } from "./support/cni/cni-machine.ts";
import { must } from "./support/must.ts";

const program = join(REFERENCE_PLUGINS, "host-local");

/** What host-local says to a runtime that calls it as the plugins do. */
function hostLocal(directory: string, command: "ADD" | "DEL", containerId: string): unknown {
  const range = { subnet: "10.0.0.0/24", rangeStart: "10.0.0.50", rangeEnd: "10.0.0.53" };
  const input = JSON.stringify({
    ...{ cniVersion: "1.0.0", name: "pods", type: "macvlan" },
    ipam: { type: "host-local", dataDir: dirname(directory), ranges: [[range]] },
  });
  const env = {
    ...{ CNI_COMMAND: command, CNI_CONTAINERID: containerId, CNI_NETNS: "/run/netns/x" },
    ...{ CNI_IFNAME: "eth0", CNI_PATH: REFERENCE_PLUGINS },
  };
  const { status, stdout } = spawnSync(program, { input, env, encoding: "utf8" });
  if (status !== 0) return JSON.parse(stdout).msg;
  return command === "ADD" ? JSON.parse(stdout).ips[0].address : "done";
}

test.skipIf(!existsSync(program))(
  "an address of theirs is not given by us, and none of ours by them",
  async () => {
    using site = await openAttachmentSite();
    const { lan, directory, attachments } = site;
    const given = async (name: string) =>
      must(await site.add(lan.sandbox(), { key: key(name) })).addresses[0]?.address as string;
    expect(await given("ours1")).toBe("10.0.0.50/24");
    expect(hostLocal(directory, "ADD", "theirs1")).toBe("10.0.0.51/24");
    expect(await given("ours2")).toBe("10.0.0.52/24");
    expect(hostLocal(directory, "ADD", "theirs2")).toBe("10.0.0.53/24");
    expect(hostLocal(directory, "ADD", "theirs3")).toContain("no IP addresses available");
    // What is free again on either side is free on the other.
    expect(hostLocal(directory, "DEL", "theirs1")).toBe("done");
    expect(await given("ours3")).toBe("10.0.0.51/24");
    must(await attachments.remove(key("ours1")));
    expect(hostLocal(directory, "ADD", "theirs4")).toBe("10.0.0.50/24");
    // And whoever goes back to them can delete what we made.
    expect(hostLocal(directory, "DEL", "ours2")).toBe("done");
    expect(site.files().sort()).toEqual(["10.0.0.50", "10.0.0.51", "10.0.0.53"]);
    must(await attachments.remove(key("ours2")));
  },
  30_000,
);
