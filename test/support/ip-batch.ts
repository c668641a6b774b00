/** iproute2 that stays in a namespace and is asked again and again. */
import type { NetnsHandle } from "../../src/platform/index.ts";
import { pathOf, type SeenLink } from "./lan.ts";

/** What `ip -j -d addr` says of one link. */
export interface SeenAddresses extends SeenLink {
  readonly addr_info: readonly {
    readonly local: string;
    readonly prefixlen: number;
    readonly scope: string;
  }[];
}

/** Addresses with their lengths, link-local ones left out. */
export function addressesOf(link: SeenAddresses | undefined): readonly string[] {
  const rows = link?.addr_info.filter(({ scope }) => scope === "global") ?? [];
  return rows.map(({ local, prefixlen }) => `${local}/${prefixlen}`);
}

/**
 * One `ip` in a namespace, for kernels where the start of a program takes a tenth of a second. It
 * ends at the first command that fails, and what is asked of it then is a failure of the test.
 */
export interface IpBatch extends Disposable {
  /** Commands that print nothing. */
  tell(...commands: readonly string[]): Promise<void>;
  /** Every link but lo. */
  links(): Promise<readonly SeenAddresses[]>;
}

export function openIpBatch(netns: NetnsHandle): IpBatch {
  const ip = ["stdbuf", "-oL", "ip", "-j", "-d", "-batch", "-"];
  const child = Bun.spawn(["nsenter", `--net=${pathOf(netns)}`, "--", ...ip], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  const reader = child.stdout.getReader();
  const decoder = new TextDecoder();
  let said = "";
  const line = async (): Promise<string> => {
    for (;;) {
      const end = said.indexOf("\n");
      if (end >= 0) {
        const first = said.slice(0, end);
        said = said.slice(end + 1);
        return first;
      }
      const { done, value } = await reader.read();
      if (done) throw new Error("ip ended: a command failed");
      said += decoder.decode(value, { stream: true });
    }
  };
  const links = async (): Promise<readonly SeenAddresses[]> => {
    child.stdin.write("addr show\n");
    await child.stdin.flush();
    const all: readonly SeenAddresses[] = JSON.parse(await line());
    return all.filter(({ ifname }) => ifname !== "lo");
  };
  return {
    links,
    tell: async (...commands) => {
      child.stdin.write(commands.map((command) => `${command}\n`).join(""));
      await links();
    },
    [Symbol.dispose]: () => child.kill(),
  };
}
