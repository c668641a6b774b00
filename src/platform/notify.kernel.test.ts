import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { notify } from "./notify.ts";

/** Prints the first datagram that comes to the socket; perl, as every Debian has it. */
const listener = String.raw`
  use Socket;
  my ($name) = @ARGV;
  $name =~ s/^@/\0/;
  socket(my $s, AF_UNIX, SOCK_DGRAM, 0) or die $!;
  # sockaddr_un by hand: Perl's own pads an abstract name, which makes it another name.
  bind($s, pack("S a*", AF_UNIX, $name)) or die $!;
  $| = 1;
  print "bound\n";
  alarm 10;
  recv($s, my $got, 200, 0);
  print $got;
`;

async function heard(name: string): Promise<string> {
  const child = Bun.spawn(["perl", "-e", listener, name], { stdout: "pipe", stderr: "inherit" });
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  expect((await reader.read()).value).toBe("bound\n");
  expect(notify(name, "READY=1\nSTATUS=ok")).toEqual({ ok: true, value: undefined });
  return (await reader.read()).value ?? "";
}

test("the service manager hears it, by path and by abstract name", async () => {
  const directory = mkdtempSync(join(tmpdir(), "landfall-notify-"));
  const names = [join(directory, "notify"), `@lf-notify-${crypto.randomUUID()}`];
  for (const name of names) expect(await heard(name)).toBe("READY=1\nSTATUS=ok");
  rmSync(directory, { recursive: true });
}, 20_000);

test("nobody there, and names that no socket has, are errors", () => {
  const errnos = ["/nowhere/at/all", "relative", "", `/${"n".repeat(107)}`].map((name) => {
    const told = notify(name, "READY=1");
    return told.ok ? "sent" : told.error.errno;
  });
  expect(errnos).toEqual(["ENOENT", "EINVAL", "EINVAL", "ENAMETOOLONG"]);
});
