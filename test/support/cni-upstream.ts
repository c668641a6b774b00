/** The plugins as programs, and what the reference plugins' own tests set up around theirs. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { openCniDoor } from "../../src/door/index.ts";
import { type PluginName, pluginNames } from "../../src/forward/index.ts";
import { shimFor } from "../../src/install/index.ts";
import type { NetnsHandle, Platform } from "../../src/platform/index.ts";
import { type CniSite, openCniSite } from "./cni-site.ts";
import { inside, type Lan, openLan, pathOf, type SeenLink, seenLinks } from "./lan.ts";
import { must } from "./must.ts";

/** Every version of the specification that the reference's tests go through. */
export const versions = ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"] as const;
export type Version = (typeof versions)[number];

/** What `linkInContainer` says in a configuration; "absent": the key is left out. */
export type Place = "absent" | "false" | "true";

/** Each version with each place. */
export function cells(places: readonly Place[]): readonly (readonly [Version, Place])[] {
  return versions.flatMap((version) => places.map((place) => [version, place] as const));
}

export function isBefore(version: Version, other: Version): boolean {
  return versions.indexOf(version) < versions.indexOf(other);
}

/** What the cases look at in an answer: a result of any version, or an error. */
export interface Said {
  readonly cniVersion?: string;
  readonly ip4?: { readonly ip: string };
  readonly ip6?: { readonly ip: string };
  readonly ips?: readonly { readonly address: string }[];
  readonly interfaces?: readonly { readonly name: string; readonly mac: string }[];
  readonly code?: number;
  readonly msg?: string;
}

/** How a plugin ended. */
export interface Ended {
  readonly exitCode: number;
  /** Undefined where stdout was empty. */
  readonly said: Said | undefined;
  readonly stderr: string;
}

export const done: Ended = { exitCode: 0, said: undefined, stderr: "" };

/** A container of a case, and the link that its own one is to hang on. */
export interface Pod {
  readonly netns: NetnsHandle;
  readonly parent: string;
  /** `linkInContainer`, where the case has it. */
  readonly placed: { readonly linkInContainer?: boolean };
  /** The CNI_… variables of calls for it. */
  readonly env: Readonly<Record<string, string>>;
  /** What `ip` says of the link of the attachment. */
  seen(): SeenLink | undefined;
}

/** The plugins as programs that hand their calls to a daemon, this process. */
export interface Programs extends AsyncDisposable {
  start(
    plugin: PluginName,
    command: string,
    config: object,
    env?: Readonly<Record<string, string>>,
  ): Promise<Ended>;
}

/** A host with such programs. */
export interface UpstreamSite extends Programs {
  readonly lan: Lan;
  readonly cni: CniSite;
  /** `eth1` of the container is the parent in place "true", and `p0` of the host elsewhere. */
  pod(place: Place, ifname?: string): Pod;
  /** A folder of `host-local` that no other case has. */
  dataDir(): string;
}

export function openUpstreamSite(): UpstreamSite {
  const lan = openLan();
  const cni = openCniSite(lan.platform, lan.host);
  const programs = openPrograms(lan.platform, cni);
  return {
    lan,
    cni,
    start: programs.start,
    pod: (place, ifname = "eth0") => openPod(lan, place, ifname),
    dataDir: () => mkdtempSync(join(cni.dataDir, "net-")),
    [Symbol.asyncDispose]: async () => {
      await programs[Symbol.asyncDispose]();
      cni[Symbol.dispose]();
      lan[Symbol.dispose]();
    },
  };
}

export function openPrograms({ process }: Platform, { dataDir, runner }: CniSite): Programs {
  const run = join(dataDir, "run");
  const bin = join(dataDir, "bin");
  for (const directory of [run, bin]) mkdirSync(directory);
  // Whoever is not served fails, and says nothing that could be read as an answer.
  const shim = must(shimFor({ program: "/bin/false", runDirectory: run, stateDirectory: run }));
  for (const name of pluginNames) {
    writeFileSync(join(bin, name), shim);
    chmodSync(join(bin, name), 0o755);
  }
  const listener = { bug: console.error, turnedAway: console.error };
  const door = { run: runner, folderOf: () => undefined, peerOf: process.peerOf, uid: 0, listener };
  const opened = must(openCniDoor(door, join(run, "cni.sock"), new AbortController().signal));
  return {
    start: async (plugin, command, config, more = {}) => {
      const env = { CNI_COMMAND: command, CNI_PATH: bin, ...more };
      const stdin = Buffer.from(JSON.stringify(config));
      const options = { env, stdin, stdout: "pipe", stderr: "pipe" } as const;
      const child = Bun.spawn([join(bin, plugin)], options);
      const texts = [new Response(child.stdout).text(), new Response(child.stderr).text()] as const;
      const [exitCode, stdout, stderr] = await Promise.all([child.exited, ...texts]);
      return { exitCode, said: stdout === "" ? undefined : JSON.parse(stdout), stderr };
    },
    [Symbol.asyncDispose]: () => opened.stop(),
  };
}

function openPod(lan: Lan, place: Place, ifname: string): Pod {
  const netns = lan.sandbox();
  const isInside = place === "true";
  if (isInside) {
    const make = "ip link add eth1 up type veth peer name far1 && ip link set far1 up";
    inside(netns, "sh", "-c", make);
  }
  return {
    netns,
    parent: isInside ? "eth1" : "p0",
    placed: place === "absent" ? {} : { linkInContainer: isInside },
    env: { CNI_CONTAINERID: "dummy", CNI_NETNS: pathOf(netns), CNI_IFNAME: ifname },
    seen: () => seenLinks(netns).find((link) => link.ifname === ifname),
  };
}

/** The files of a folder of `host-local` by name, but for its lock. */
export function filesIn(directory: string): Readonly<Record<string, string>> {
  if (!existsSync(directory)) return {};
  const names = readdirSync(directory).filter((name) => name !== "lock");
  return Object.fromEntries(
    names.toSorted().map((name) => [name, readFileSync(join(directory, name), "utf8")]),
  );
}

/** The addresses of a result, in whatever version it is. */
export function addressesIn(result: Said | undefined): readonly string[] {
  const old = [result?.ip4?.ip, result?.ip6?.ip].flatMap((ip) => ip ?? []);
  return [...old, ...(result?.ips ?? []).map(({ address }) => address)];
}
