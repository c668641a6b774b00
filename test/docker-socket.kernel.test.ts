import { afterAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { problemOf, type Running, start } from "./support/program.ts";

const MAIN = join(import.meta.dirname, "../src/main.ts");
const directory = mkdtempSync(join(tmpdir(), "landfall-plugin-"));
const running: { kill(signal: NodeJS.Signals): unknown }[] = [];
afterAll(() => {
  for (const process of running) process.kill("SIGKILL");
  rmSync(directory, { recursive: true });
});

const where = (name: string): readonly string[] => [
  ...["--state-dir", join(directory, name, "state"), "--run-dir", join(directory, name, "run")],
  ...["--format", "json"],
];

function daemon(name: string, socket: string): Running {
  const begun = start(["daemon", "--docker-socket", socket, ...where(name)]);
  running.push(begun);
  return begun;
}

/** How Docker greets a plugin; resolves to the status of whatever answers. */
async function greet(socket: string, signal?: AbortSignal): Promise<number> {
  const options = { unix: socket, method: "POST", keepalive: false, ...(signal && { signal }) };
  return (await fetch("http://plugin/Plugin.Activate", options as RequestInit)).status;
}

async function answers(socket: string): Promise<"answers"> {
  for (let look = 0; look < 500; look++) {
    if ((await greet(socket).catch(() => 0)) > 0) return "answers";
    await Bun.sleep(10);
  }
  throw new Error(`nothing answers at ${socket}`);
}

test("a daemon serves Docker's socket, and one that was killed is in nobody's way", async () => {
  const socket = join(directory, "plugins/lan.sock");
  const first = daemon("first", socket);
  expect(await answers(socket)).toBe("answers");
  expect(statSync(socket).mode & 0o777).toBe(0o600);
  const second = await daemon("second", socket).ended;
  expect([second.exitCode, problemOf(second)?.code]).toEqual([5, "LF-DOCKER-SOCKET-TAKEN"]);
  expect(existsSync(join(directory, "second/run/landfall.sock"))).toBe(false);
  expect(await answers(socket)).toBe("answers");
  first.kill("SIGKILL");
  await first.ended;
  expect(existsSync(socket)).toBe(true);
  const third = daemon("second", socket);
  expect(await answers(socket)).toBe("answers");
  third.kill("SIGTERM");
  expect((await third.ended).exitCode).toBe(0);
  expect(existsSync(socket)).toBe(false);
}, 15_000);

/**
 * What systemd does for a socket unit and Type=notify (sd_listen_fds(3), sd_notify(3)): listens,
 * starts the program with the socket as descriptor 3 for each line that it reads, and prints the
 * program's id and what the program tells it.
 */
const manager = String.raw`
  use Socket;
  use POSIX ();
  use IO::Select;
  $| = 1;
  $SIG{CHLD} = "IGNORE";
  my ($path, @program) = @ARGV;
  socket(my $notify, AF_UNIX, SOCK_DGRAM, 0) or die $!;
  bind($notify, pack_sockaddr_un("$path.notify")) or die $!;
  socket(my $door, AF_UNIX, SOCK_STREAM, 0) or die $!;
  bind($door, pack_sockaddr_un($path)) or die $!;
  listen($door, 128) or die $!;
  my $ready = IO::Select->new(\*STDIN, $notify);
  while (my @from = $ready->can_read(60)) {
    for my $source (@from) {
      if ($source == $notify) {
        recv($notify, my $told, 200, 0);
        print "$told\n";
        next;
      }
      exit unless sysread(STDIN, my $line, 100);
      my $pid = fork;
      if ($pid == 0) {
        POSIX::dup2(fileno($door), 3) or die $!;
        @ENV{qw(LISTEN_PID LISTEN_FDS LISTEN_FDNAMES)} = ($$, 1, "docker");
        $ENV{NOTIFY_SOCKET} = "$path.notify";
        exec @program or die $!;
      }
      print "started $pid\n";
    }
  }
`;

/** A service manager, and what it and its programs say. */
interface Manager {
  begin(): Promise<number>;
  /** Waits for these words, and resolves to what is in parentheses. */
  hear(words: RegExp): Promise<string>;
  end(): Promise<number>;
}

function manage(socket: string, program: readonly string[]): Manager {
  const child = Bun.spawn(["perl", "-e", manager, socket, ...program], {
    ...{ stdin: "pipe", stdout: "pipe", stderr: "inherit" },
  });
  running.push(child);
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let heard = "";
  const hear = async (words: RegExp): Promise<string> => {
    for (;;) {
      const found = words.exec(heard);
      if (found !== null) {
        heard = heard.slice(found.index + found[0].length);
        return found[1] ?? found[0];
      }
      const { value } = await reader.read();
      if (value === undefined) throw new Error(`ended before ${words}: ${heard}`);
      heard += value;
    }
  };
  return {
    hear,
    begin: async () => {
      child.stdin.write("start\n");
      child.stdin.flush();
      const pid = Number(await hear(/started (\d+)\n/));
      running.push({ kill: (signal) => tell(pid, signal) });
      return pid;
    },
    end: async () => {
      child.stdin.end();
      return await child.exited;
    },
  };
}

/** Whether there was anybody to tell. */
function tell(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

test("a socket of the service manager is served, and outlives the daemon", async () => {
  const socket = join(directory, "activated.sock");
  const program = [process.execPath, MAIN, "daemon", "--docker-socket", socket];
  const { begin, hear, end } = manage(socket, [...program, ...where("activated")]);
  const first = await begin();
  await hear(/READY=1\n/);
  const many = await Promise.all(Array.from({ length: 50 }, () => greet(socket)));
  expect([...new Set(many)]).toEqual([expect.any(Number)]);

  tell(first, "SIGKILL");
  // Nobody runs: what Docker asks now waits in the socket until somebody does.
  const waiting = greet(socket);
  expect(await Promise.race([waiting, Bun.sleep(200)])).toBeUndefined();
  const second = await begin();
  expect(await waiting).toBe(many[0] ?? 0);

  await hear(/READY=1\n/);
  tell(second, "SIGTERM");
  await hear(/STOPPING=1\n/);
  while (tell(second, 0)) await Bun.sleep(10);
  expect(existsSync(socket)).toBe(true);
  expect(await end()).toBe(0);
}, 15_000);

test("through such a socket too, hanging up calls off, and who is idle is not waited for", async () => {
  const socket = join(directory, "relay.sock");
  const worker = join(import.meta.dirname, "support/relay-worker.ts");
  const { begin, hear, end } = manage(socket, [process.execPath, worker, socket, directory]);
  const pid = await begin();
  await hear(/listening\n/);
  const hangUp = new AbortController();
  const asked = greet(socket, hangUp.signal).catch(() => "hung up");
  await hear(/begun\n/);
  hangUp.abort();
  await hear(/called off\n/);
  expect(await asked).toBe("hung up");

  // It does not close its end when the daemon closes its own.
  const idle = connect({ path: socket, allowHalfOpen: true });
  const ended = new Promise((resolve) => idle.on("end", () => resolve("ended")));
  const answered = new Promise((resolve) => idle.once("data", resolve));
  idle.write("GET /now HTTP/1.1\r\nHost: x\r\n\r\n");
  await answered;
  tell(pid, "SIGTERM");
  await hear(/stopped\n/);
  expect(await ended).toBe("ended");
  idle.destroy();
  expect(await end()).toBe(0);
}, 15_000);
