import { expect, test } from "bun:test";
import fc from "fast-check";
import { ipFromBytes, macFromBytes, parsePrefix } from "../../addr/index.ts";
import { millis } from "../../base/index.ts";
import { type Action, formatAction, parseAction } from "./actions.ts";

const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_-]{0,8}$/);
const link = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}$/);
const mac = fc.uint8Array({ minLength: 6, maxLength: 6 }).map(macFromBytes);
const ip = fc
  .oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
  )
  .map(ipFromBytes);
const prefix6 = fc.uint8Array({ minLength: 8, maxLength: 8 }).map((half) => {
  const prefix = parsePrefix(`${ipFromBytes(Uint8Array.from([...half, ...Array(8).fill(0)]))}/64`);
  if (!prefix.ok) throw new Error(prefix.error.detail);
  return prefix.value;
});
const command = fc.string({ unit: fc.constantFrom('"', "\\", " ", "\n", "a", "'", "ä") });
const processChange = fc.constantFrom(
  "kill" as const,
  "start" as const,
  "stop" as const,
  "restart" as const,
);
const service = fc.constantFrom("daemon" as const, "engine" as const);
const linkChange = fc.oneof(
  fc
    .constantFrom("up" as const, "down" as const, "delete" as const, "plug" as const)
    .map((kind) => ({ kind })),
  fc.record({ kind: fc.constant("mtu" as const), mtu: fc.integer({ min: 0, max: 65_535 }) }),
);

const networkChange = fc.oneof(
  fc.constantFrom({ kind: "create" as const }, { kind: "remove" as const }),
  fc.record({
    kind: fc.constant("set" as const),
    mode: fc.constantFrom("bridge", "source"),
    sources: fc.array(mac, { maxLength: 3 }),
  }),
  fc.record({
    kind: fc.constant("set" as const),
    sources: fc.array(mac, { minLength: 1, maxLength: 3 }),
  }),
);

const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record(
    {
      kind: fc.constant("attach" as const),
      container: name,
      network: name,
      ips: fc.array(ip, { maxLength: 3 }),
      mac,
    },
    { requiredKeys: ["kind", "container", "network", "ips"] },
  ),
  fc.record(
    { kind: fc.constant("detach" as const), container: name, network: name },
    { requiredKeys: ["kind", "container"] },
  ),
  fc.record({ kind: fc.constant("link" as const), link, node: name, change: linkChange }),
  fc.record({
    kind: fc.constant("network" as const),
    network: name,
    host: name,
    change: networkChange,
  }),
  fc.record({ kind: fc.constant("service" as const), service, host: name, change: processChange }),
  fc.record({
    kind: fc.constant("container" as const),
    container: name,
    change: processChange,
  }),
  fc.record({
    kind: fc.constant("host" as const),
    host: name,
    change: fc.constantFrom("reboot" as const, "reconcile" as const),
  }),
  fc.record({ kind: fc.constant("advertise" as const), prefix: prefix6, machine: name }),
  fc.record({ kind: fc.constant("run" as const), command, node: name }),
  fc.record({
    kind: fc.constant("wait" as const),
    duration: fc.integer({ min: 0, max: 600_000 }).map(millis),
  }),
  fc.record(
    { kind: fc.constant("flush-neighbours" as const), node: name },
    { requiredKeys: ["kind"] },
  ),
);

test("every action reads back from its own text", () => {
  fc.assert(
    fc.property(action, (value) => {
      expect(parseAction(formatAction(value))).toEqual({ ok: true, value });
    }),
  );
});

test("any text is an action or an explained refusal", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const result = parseAction(text);
      if (!result.ok) expect(result.error.length).toBeGreaterThan(0);
    }),
  );
});

test.each([
  ["attach c3 to lan", { kind: "attach", container: "c3", network: "lan", ips: [] }],
  ["detach  c1", { kind: "detach", container: "c1" }],
  ["link eth0.10 delete on h1", { kind: "link", link: "eth0.10", change: { kind: "delete" } }],
  ["link eth0 mtu 1400 on h1", { kind: "link", node: "h1", change: { kind: "mtu", mtu: 1400 } }],
  ["kill daemon on h1", { kind: "service", service: "daemon", host: "h1", change: "kill" }],
  ['run "echo \\"a b\\" \\\\ $x" on c1', { kind: "run", command: 'echo "a b" \\ $x', node: "c1" }],
  ["kill c1", { kind: "container", container: "c1", change: "kill" }],
  ["link eth0 plug on h1", { kind: "link", link: "eth0", node: "h1", change: { kind: "plug" } }],
  ["reboot h1", { kind: "host", host: "h1", change: "reboot" }],
  ["advertise fd00::/64 from gw", { kind: "advertise", prefix: "fd00::/64", machine: "gw" }],
  ["wait 500 ms", { kind: "wait", duration: 500 }],
  ["flush neighbours", { kind: "flush-neighbours" }],
])("%s is understood", (text, value) => {
  expect(parseAction(text)).toMatchObject({ ok: true, value });
});

test.each([
  ["", "not an action"],
  ["constructor of h1", "not an action"],
  ["attach c1 lan", "attach CONTAINER to NETWORK"],
  ["attach c1 to lan ip 10.0.0", "attach CONTAINER to NETWORK"],
  ["attach c1 to lan ip", "attach CONTAINER to NETWORK"],
  ["attach c1 to lan mac 02:00:00:00:00:01 mac 02:00:00:00:00:02", "[mac MAC]"],
  ["detach c1 of lan", "detach CONTAINER"],
  ["link eth0 sideways on h1", "link LINK up"],
  ["link eth0 mtu many on h1", "link LINK up"],
  ["link eth0 mtu 65536 on h1", "link LINK up"],
  ["link eth0 down on h1 now", "link LINK up"],
  ["kill", "kill CONTAINER"],
  ["kill daemon h1", "kill daemon|engine on HOST"],
  ["start c1 now", "start CONTAINER"],
  ["restart c1 c2", "restart daemon|engine on HOST"],
  ["reboot", "reboot HOST"],
  ["reboot on h1", "reboot HOST"],
  ["reconcile h1 h2", "reconcile HOST"],
  ["advertise 10.0.0.0/24 from gw", "advertise PREFIX from MACHINE"],
  ["advertise fd00::/64 on gw", "advertise PREFIX from MACHINE"],
  ["advertise fd00::1/64 from gw", "advertise PREFIX from MACHINE"],
  ["run ls on h1", 'run "COMMAND" on NODE'],
  ['run "ls on h1', 'run "COMMAND" on NODE'],
  ['run "ls -l" h1', 'run "COMMAND" on NODE'],
  ["wait 5 s", "wait N ms"],
  ["wait -1 ms", "wait N ms"],
  ["wait 600001 ms", "wait N ms"],
  ["flush routes", "flush neighbours"],
])("%p is refused and the right form shown", (text, form) => {
  expect(parseAction(text)).toEqual({ ok: false, error: expect.stringContaining(form) });
});
