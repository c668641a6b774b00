import { symlinkSync, unlinkSync } from "node:fs";
import { basename } from "node:path";
import { ipToBytes, parseIp4 } from "../../src/addr/index.ts";
import { millis } from "../../src/base/index.ts";
import {
  deleteLink,
  listLinks,
  openRtnetlink,
  type Request,
  type Rtnetlink,
} from "../../src/netlink/index.ts";
import type { NetnsHandle, Platform, Socket } from "../../src/platform/index.ts";
import {
  decodeEcho,
  decodeFrame,
  encodeEcho,
  encodeFrame,
  type Frame,
} from "../../src/wire/index.ts";
import { must } from "../support/must.ts";
import { etherTypeOf, markOf, payloadTypeOf } from "./frames.ts";
import { IpProcess } from "./ip-process.ts";
import type { Box, Ear, Place, Row } from "./rule.ts";

/**
 * Nothing tells when all are done with a frame. A user-mode kernel may leave it in a queue until
 * the network is used again, so listening more than once is part of it.
 */
const HEARINGS = 6;
const HEARING_MS = 20;
const LOOKS = 200;
const LOOK_MS = 20;
const PINGS = 4;
const PING_LOOKS = 20;

const SYSCTLS = [
  ["net/ipv6/conf/all/disable_ipv6", "1"],
  ["net/ipv6/conf/default/disable_ipv6", "1"],
  ["net/ipv4/ip_forward", "0"],
] as const;

/** One namespace; other programs know it by its name in /run/netns. */
interface Space {
  readonly netns: NetnsHandle;
  readonly talk: Rtnetlink;
  readonly path: string;
  readonly processes: Map<string, IpProcess>;
}

interface Listener {
  readonly ear: Ear;
  readonly socket: Socket;
}

/** Namespaces for rules, one after the other, in the running kernel. */
export class OpenBox implements Box, Disposable {
  readonly #platform: Platform;
  readonly #namespaces = new Map<string, Space>();
  #echoes = 1;

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  async run(lines: string): Promise<void> {
    const commands = lines.split("\n").map((line) => line.trim());
    for (const batch of batchesOf(commands.filter((line) => line !== "").map(split))) {
      const wrong = await this.#do(batch);
      if (wrong !== "") throw new Error(`${batch.rest}: ${wrong}`);
    }
  }

  async tried(line: string): Promise<string> {
    const wrong = await this.#do(split(line));
    const [, words] = /(?:answers|Error|RTNETLINK): (.*)/.exec(wrong) ?? [];
    return wrong === "" ? "done" : (words ?? wrong).replace(/\.$/, "");
  }

  async rows(line: string): Promise<readonly Row[]> {
    const { namespace, program, rest } = split(line);
    if (program === "bash") throw new Error(`${line}: not a command of iproute2`);
    const rows: Row[] = JSON.parse(await this.#process(namespace, program).show(rest));
    return rows.filter((row) => Object.keys(row).length > 0);
  }

  async row(line: string): Promise<Row> {
    const [row] = await this.rows(line);
    if (row === undefined) throw new Error(`${line}: shows nothing`);
    return row;
  }

  async request(namespace: string, request: Request): Promise<string> {
    const done = this.#space(namespace).talk.request(request);
    return done.ok ? "done" : done.error.errno;
  }

  async pings(namespace: string, target: string): Promise<boolean> {
    await this.#settled();
    using socket = this.#open(namespace, { kind: "icmp", version: 4 });
    const identifier = this.#echoes++;
    const to = { address: ipToBytes(must(parseIp4(target))), port: 0 };
    // A link on a link on a link has its carrier some time after the lowest one.
    for (let sequence = 1; sequence <= PINGS; sequence++) {
      const echo = { version: 4, kind: "icmp-echo-request", identifier, sequence } as const;
      socket.send(encodeEcho({ ...echo, data: new Uint8Array(32) }), to);
      if (await this.#soon(PING_LOOKS, async () => isAnswered(socket, identifier))) return true;
    }
    return false;
  }

  async heard(from: Place, frame: Frame, ears: readonly Ear[]): Promise<readonly string[]> {
    await this.#settled();
    const listeners = ears.map((ear) => ({ ear, socket: this.#listen(ear, frame) }));
    const [namespace = "", link = ""] = from.split(":");
    const ifindex = this.#ifindex(namespace, link);
    // A link that cannot read the type of what it sends takes it from the socket, as ipvlan does.
    const etherType = etherTypeOf(frame);
    const sender = this.#open(namespace, { kind: "packet", ifindex, etherType });
    const sent = sender.send(encodeFrame(frame));
    sender.close();
    // ENOBUFS is how a sender hears that the driver dropped it.
    if (!sent.ok && sent.error.errno !== "ENOBUFS") must(sent);
    const heard = new Set<string>();
    for (let look = 0; look < HEARINGS; look++) {
      await this.#platform.clock.sleep(millis(HEARING_MS));
      for (const one of listeners.flatMap((listener) => heardBy(listener, frame))) heard.add(one);
    }
    for (const { socket } of listeners) socket.close();
    const order: readonly string[] = ears;
    const rank = (one: string) => order.indexOf(one.split(" ")[0] ?? "");
    return [...heard].sort((x, y) => rank(x) - rank(y));
  }

  eventually(condition: () => Promise<boolean>): Promise<boolean> {
    return this.#soon(LOOKS, condition);
  }

  /**
   * Empties the namespaces for the next rule. Their processes live on: to start them takes most of
   * the time there.
   */
  empty(): void {
    for (const space of this.#namespaces.values()) emptySpace(this.#platform, space);
  }

  [Symbol.dispose](): void {
    for (const { netns, talk, processes, path } of this.#namespaces.values()) {
      for (const process of processes.values()) process[Symbol.dispose]();
      unlinkSync(path);
      talk[Symbol.dispose]();
      netns.close();
    }
  }

  async #soon(looks: number, condition: () => Promise<boolean>): Promise<boolean> {
    for (let look = 0; look < looks; look++) {
      if (await condition()) return true;
      await this.#platform.clock.sleep(millis(LOOK_MS));
    }
    return false;
  }

  /** A link with a carrier transmits only after the kernel's link-watch has seen it. */
  async #settled(): Promise<void> {
    const isSettled = async (): Promise<boolean> =>
      [...this.#namespaces.values()]
        .flatMap(({ talk }) => must(talk.dump(listLinks())))
        .every((link) => {
          const isLive = link.state === "up" && link.carrier === true;
          return !isLive || link.operState === "up" || link.operState === "unknown";
        });
    await this.eventually(isSettled);
  }

  #ifindex(namespace: string, name: string): number {
    const link = must(this.#space(namespace).talk.dump(listLinks())).find(
      (one) => one.name === name,
    );
    if (link === undefined) throw new Error(`no link ${name} in ${namespace}`);
    return link.ifindex;
  }

  #listen(ear: Ear, frame: Frame): Socket {
    const [place = "", kind] = ear.split("/");
    const [namespace = "", link = ""] = place.split(":");
    if (kind === "ip") return this.#open(namespace, { kind: "icmp", version: 4 });
    const ifindex = this.#ifindex(namespace, link);
    const etherType = kind === "stack" ? { etherType: payloadTypeOf(frame) } : {};
    return this.#open(namespace, { kind: "packet", ifindex, ...etherType });
  }

  #open(namespace: string, spec: Parameters<Platform["sockets"]["open"]>[1]): Socket {
    return must(this.#platform.sockets.open(this.#space(namespace).netns, spec));
  }

  #space(name: string): Space {
    const known = this.#namespaces.get(name);
    if (known !== undefined) return known;
    const netns = must(this.#platform.namespaces.create());
    const path = `/run/netns/lf-${name}`;
    symlinkSync(`/proc/${process.pid}/fd/${netns.fd}`, path);
    const talk = must(openRtnetlink(this.#platform, netns));
    const space = { netns, talk, path, processes: new Map() };
    emptySpace(this.#platform, space);
    this.#namespaces.set(name, space);
    return space;
  }

  #process(namespace: string, program: "ip" | "bridge"): IpProcess {
    const { processes, path } = this.#space(namespace);
    const known = processes.get(program);
    if (known !== undefined) return known;
    const started = new IpProcess(program, basename(path));
    processes.set(program, started);
    return started;
  }

  async #do({ namespace, program, rest }: Command): Promise<string> {
    const command = withIndices(rest).replaceAll(/\bnetns (\w+)/g, (_, name) => {
      return `netns ${basename(this.#space(name).path)}`;
    });
    if (program !== "bash") return this.#process(namespace, program).do(command);
    const child = Bun.spawn(
      ["nsenter", `--net=${this.#space(namespace).path}`, "bash", "-euc", command],
      { stdin: "ignore", stdout: "ignore", stderr: "pipe" },
    );
    const [said, status] = await Promise.all([child.stderr.text(), child.exited]);
    return status === 0 ? "" : said.trim() || `ended with ${status}`;
  }
}

/** No link but lo, no IPv6, whose own words would be heard and teach bridges, and no forwarding. */
function emptySpace(platform: Platform, { netns, talk }: Space): void {
  for (const link of must(talk.dump(listLinks()))) {
    // One may have gone with another.
    if (link.name !== "lo") talk.request(deleteLink({ ifindex: link.ifindex, name: link.name }));
  }
  const left = must(talk.dump(listLinks())).map(({ name }) => name);
  if (left.length !== 1) throw new Error(`links that do not go: ${left}`);
  for (const [key, value] of SYSCTLS) must(platform.files.writeSysctl(netns, key, value));
}

const indices = new Map<string, number>();

/**
 * A link's index goes by its name: `ip` remembers it, also when the link is another one. The two
 * ends of a cable have different ones, or else the kernel lets a second pass before it sees that
 * they have a carrier.
 */
function withIndices(command: string): string {
  return command.replaceAll(/\b(link add|peer name) (\S+)/g, (words, _, name) => {
    const index = indices.get(name) ?? indices.size + 10;
    indices.set(name, index);
    return `${words} index ${index}`;
  });
}

interface Command {
  readonly namespace: string;
  readonly program: "ip" | "bridge" | "bash";
  /** Without the name of the program, if it is one of iproute2. */
  readonly rest: string;
}

/** What one process does in a row is told to it at once. */
function batchesOf(commands: readonly Command[]): readonly Command[] {
  const batches: Command[] = [];
  for (const command of commands) {
    const last = batches.at(-1);
    const isMore =
      last !== undefined &&
      last.namespace === command.namespace &&
      last.program === command.program;
    if (isMore) batches.splice(-1, 1, { ...last, rest: `${last.rest}\n${command.rest}` });
    else batches.push(command);
  }
  return batches;
}

function split(line: string): Command {
  const [, namespace, command = ""] = /^(\w+): (.*)$/s.exec(line) ?? [];
  if (namespace === undefined) throw new Error(`no namespace in front: ${line}`);
  const [, program, rest = ""] = /^(ip|bridge) ([^|>;&'"$]*)$/.exec(command) ?? [];
  if (program === "ip" || program === "bridge") return { namespace, program, rest };
  return { namespace, program: "bash", rest: command };
}

function isAnswered(socket: Socket, identifier: number): boolean {
  for (let next = socket.receive(); next.ok; next = socket.receive()) {
    const echo = decodeEcho(4, next.value);
    if (echo?.kind === "icmp-echo-reply" && echo.identifier === identifier) return true;
  }
  return false;
}

function heardBy({ ear, socket }: Listener, frame: Frame): readonly string[] {
  const mark = Buffer.from(markOf(frame));
  const heard: string[] = [];
  let next = socket.receive();
  for (; next.ok; next = socket.receive()) {
    if (Buffer.from(next.value).includes(mark)) heard.push(`${ear}${tagsOf(ear, next.value)}`);
  }
  // ENETDOWN is said once, to a listener at a link that is down.
  if (next.error.errno === "ENETDOWN") return heardBy({ ear, socket }, frame);
  if (next.error.errno !== "EAGAIN") throw new Error(`${ear}: ${next.error.errno}`);
  return heard;
}

function tagsOf(ear: Ear, bytes: Uint8Array): string {
  if (ear.endsWith("/ip")) return "";
  const frame = decodeFrame(bytes);
  return frame.ok ? frame.value.tags.map(({ id }) => ` tag ${id}`).join("") : "";
}
