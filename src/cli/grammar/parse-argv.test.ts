import { describe, expect, test } from "bun:test";
import { parse } from "@optique/core/parser";
import type { Problem } from "../../base/index.ts";
import type { Command, Globals } from "../command.ts";
import { grammar, grammarOf } from "./grammar.ts";
import { parseArgv } from "./parse-argv.ts";

const surroundings = { env: {}, version: "1.2.3" };

/** Splits at spaces; a space inside quotes stays. */
function argvOf(line: string): string[] {
  return (line.match(/"[^"]*"|\S+/g) ?? []).map((arg) => arg.replaceAll('"', ""));
}

function parsed(line: string, env = {}): { readonly command: Command; readonly globals: Globals } {
  const result = parseArgv(argvOf(line), { ...surroundings, env });
  if (!result.ok || result.value.kind !== "command") throw new Error(`${line} is no command`);
  return result.value;
}

function refused(line: string): Problem {
  const result = parseArgv(argvOf(line), surroundings);
  if (result.ok) throw new Error(`${line} was accepted`);
  return result.error;
}

function printed(line: string): string {
  const result = parseArgv(argvOf(line), surroundings);
  if (!result.ok || result.value.kind !== "text") throw new Error(`${line} prints nothing`);
  return result.value.text;
}

const lan = { name: "lan", parent: "eth0", routes: [], reach: "routed" };
const macvlan = { kind: "macvlan", mode: "bridge" };
const slash24 = { prefix: "10.0.0.0/24", ranges: [], exclusions: [] };
const minimal = { kind: "net-create", spec: { ...lan, driver: macvlan, subnets: [slash24] } };
const attachWeb = {
  kind: "attach",
  network: "lan",
  sandbox: { kind: "path", path: "/run/netns/web" },
  ifname: "eth0",
};

const commands: readonly (readonly [string, object])[] = [
  ["demo", { kind: "demo" }],
  ["lab run a.yaml", { kind: "lab-run", files: ["a.yaml"], kernel: "auto" }],
  [
    "lab run a.yaml b.yaml --kernel host",
    { kind: "lab-run", files: ["a.yaml", "b.yaml"], kernel: "host" },
  ],
  [
    "lab run a.yaml --door docker --docker-root /opt/engine",
    {
      kind: "lab-run",
      files: ["a.yaml"],
      kernel: "auto",
      door: "docker",
      dockerRoot: "/opt/engine",
    },
  ],
  ["net create lan --parent eth0 --subnet 10.0.0.0/24", minimal],
  ["network create --subnet=10.0.0.0/24 --parent=eth0 lan", minimal],
  [
    "net create lan --parent eth0 --driver macvlan --mode bridge --subnet 10.0.0.0/24 " +
      "--subnet fd00::/64 --gateway 10.0.0.1 --gateway fd00::1 --ip-range 10.0.0.16/30 " +
      "--ip-range 10.0.0.100-10.0.0.101 --exclude 10.0.0.17 --route 10.9.0.0/16 " +
      '--route "10.8.0.0/16,via 10.0.0.1" --mtu 1400 --internal',
    {
      kind: "net-create",
      spec: {
        name: "lan",
        parent: "eth0",
        driver: macvlan,
        reach: "internal",
        mtu: 1400,
        routes: [{ to: "10.9.0.0/16" }, { to: "10.8.0.0/16", via: "10.0.0.1" }],
        subnets: [
          {
            prefix: "10.0.0.0/24",
            gateway: "10.0.0.1",
            ranges: [
              { version: 4, first: 0x0a00_0010n, last: 0x0a00_0013n },
              { version: 4, first: 0x0a00_0064n, last: 0x0a00_0065n },
            ],
            exclusions: [{ version: 4, first: 0x0a00_0011n, last: 0x0a00_0011n }],
          },
          { prefix: "fd00::/64", gateway: "fd00::1", ranges: [], exclusions: [] },
        ],
      },
    },
  ],
  [
    "net create lan --parent eth0 --subnet 10.0.0.0/24 --mode source --flag nodst " +
      "--source 02:00:00:00:00:02 --source 02:00:00:00:00:01 --bcqueuelen 5",
    {
      kind: "net-create",
      spec: {
        ...lan,
        driver: {
          kind: "macvlan",
          mode: "source",
          allowedMacs: ["02:00:00:00:00:01", "02:00:00:00:00:02"],
          flag: "nodst",
          bcQueueLen: 5,
        },
        subnets: [slash24],
      },
    },
  ],
  ["attach lan --netns web --tap", { ...attachWeb, addresses: [], linkKind: "tap" }],
  ["net set lan --mode vepa", { kind: "net-set", name: "lan", mode: "vepa" }],
  [
    "net set lan --source 02:00:00:00:00:02 --source 02:00:00:00:00:01",
    { kind: "net-set", name: "lan", sources: ["02:00:00:00:00:02", "02:00:00:00:00:01"] },
  ],
  [
    "net create lan --parent eth0 --subnet 10.0.0.0/24 --reserve web=10.0.0.9 --reserve db=10.0.0.8",
    {
      kind: "net-create",
      spec: {
        ...minimal.spec,
        reservations: [
          { workload: "web", address: "10.0.0.9" },
          { workload: "db", address: "10.0.0.8" },
        ],
      },
    },
  ],
  ["net ls", { kind: "net-ls" }],
  ["network list", { kind: "net-ls" }],
  ["net inspect lan", { kind: "net-inspect", name: "lan" }],
  ["net rm lan", { kind: "net-rm", name: "lan" }],
  ["net remove lan", { kind: "net-rm", name: "lan" }],
  ["attach lan --netns web", { ...attachWeb, addresses: [] }],
  ["attach --netns /run/netns/web lan", { ...attachWeb, addresses: [] }],
  [
    "attach lan --pid 4711 --ifname net1 --ip 10.0.0.9 --ip FD00::9 --mac 02-00-00-00-00-0A --name w",
    {
      kind: "attach",
      network: "lan",
      sandbox: { kind: "path", path: "/proc/4711/ns/net" },
      ifname: "net1",
      addresses: ["10.0.0.9", "fd00::9"],
      mac: "02:00:00:00:00:0a",
      workload: "w",
    },
  ],
  [
    "attach lan --container web_1.a",
    { ...attachWeb, sandbox: { kind: "container", container: "web_1.a" }, addresses: [] },
  ],
  ["detach ep-1", { kind: "detach", target: { kind: "id", id: "ep-1" } }],
  [
    "detach --netns web --ifname net1",
    {
      kind: "detach",
      target: { kind: "owner", sandbox: { kind: "path", path: "/run/netns/web" }, ifname: "net1" },
    },
  ],
  [
    "detach --pid 7",
    {
      kind: "detach",
      target: { kind: "owner", sandbox: { kind: "path", path: "/proc/7/ns/net" }, ifname: "eth0" },
    },
  ],
  ["lease ls", { kind: "lease-ls" }],
  ["lease release 10.0.0.3", { kind: "lease-release", address: "10.0.0.3" }],
  [
    "lease release fd00::3 --segment eth0",
    { kind: "lease-release", address: "fd00::3", segment: "eth0" },
  ],
  ["endpoint ls", { kind: "endpoint-ls" }],
  ["endpoint list", { kind: "endpoint-ls" }],
  ["endpoint inspect ep-1", { kind: "endpoint-inspect", id: "ep-1" }],
];

test.each(commands)("landfall %s is understood", (line, command) => {
  expect(parsed(line).command).toEqual(command as Command);
});

describe("the global options", () => {
  const defaults: Globals = {
    stateDirectory: "/var/lib/landfall",
    stateOrigin: "default",
    runDirectory: "/run/landfall",
    format: "table",
    verbosity: "normal",
    color: "auto",
  };

  test("have defaults", () => {
    expect(parsed("net ls").globals).toEqual(defaults);
  });

  test.each(["--format json -q net ls", "net --format=json -q ls", "net ls --quiet --format json"])(
    "stand anywhere: %s",
    (line) => {
      expect(parsed(line).globals).toEqual({ ...defaults, format: "json", verbosity: "quiet" });
    },
  );

  test("come from the environment, which the command line overrules", () => {
    const env = { LANDFALL_STATE_DIR: "/s", LANDFALL_RUN_DIR: "/r", NO_COLOR: "1" };
    expect(parsed("net ls", env).globals).toEqual({
      ...defaults,
      stateDirectory: "/s",
      stateOrigin: "given",
      runDirectory: "/r",
      color: "never",
    });
    const line = "net ls --state-dir /mine --run-dir /my/run";
    expect(parsed(line, env).globals.stateDirectory).toBe("/mine");
    expect(parsed(line, env).globals.runDirectory).toBe("/my/run");
  });

  test("take an empty variable for one that is not set", () => {
    const env = { LANDFALL_STATE_DIR: "", LANDFALL_RUN_DIR: "", NO_COLOR: "" };
    expect(parsed("net ls", env).globals).toEqual(defaults);
  });

  test("switch colours off", () => {
    expect(parsed("--no-color net ls").globals.color).toBe("never");
  });
});

const create = "net create lan --parent eth0 --subnet 10.0.0.0/24";

/** Line, code, words in the detail, words in the remedy, the help that it points to. */
const mistakes: readonly (readonly [string, string, string, string, string?])[] = [
  ["nte ls", "LF-USAGE", 'no command "nte"', "Did you mean net?", "landfall --help"],
  ["frobnicate", "LF-USAGE", 'no command "frobnicate"', "--help", "landfall --help"],
  ["net lss", "LF-USAGE", 'landfall net has no command "lss"', "Did you mean ls?"],
  [
    "--state-dir foo net lss",
    "LF-USAGE",
    "landfall net",
    "Did you mean ls?",
    "landfall net --help",
  ],
  [
    "net",
    "LF-USAGE",
    "needs a command: create, ls, inspect, set, rm.",
    "--help",
    "landfall net --help",
  ],
  ["lab", "LF-USAGE", "landfall lab needs a command: run.", "--help", "landfall lab --help"],
  ["-q", "LF-USAGE", "landfall needs a command: demo, lab, net,", "--help", "landfall --help"],
  [
    `${create} --subent=1`,
    "LF-USAGE",
    'no option "--subent"',
    "Did you mean --subnet?",
    "landfall net create --help",
  ],
  ["demo --fast", "LF-USAGE", 'no option "--fast"', "--help", "landfall demo --help"],
  ["demo x", "LF-USAGE", 'no further argument "x"', "--help", "landfall demo --help"],
  ["net ls --format", "LF-USAGE", "--format` requires `FORMAT", "--help", "landfall net ls --help"],
  ["net ls --format xml", "LF-USAGE", '"jsonl", but got "xml"', "--help"],
  ["net ls -q -q", "LF-USAGE", "`-q` cannot be used multiple times", "--help"],
  ['net ls --state-dir ""', "LF-USAGE", "--state-dir`: the value is empty", "--help"],
  ["net create --parent eth0", "LF-USAGE", "NAME is missing", "--help"],
  ["net create lan", "LF-USAGE", "Missing option `--parent`", "--help"],
  ["net create lan --parent", "LF-USAGE", "`--parent` requires `LINK`", "--help"],
  ["net create lan --parent eth0", "LF-SUBNET-MISSING", "no subnet", "--subnet 192.168.1.0/24"],
  ["net create l/n --parent eth0", "LF-NAME-INVALID", '"l/n"', "Choose another network name"],
  ["net create lan --parent 0123456789abcdef", "LF-NAME-INVALID", "16 bytes", "link name"],
  [
    "net create lan --parent eth0 --subnet 10.0.0.1/24",
    "LF-PREFIX-INVALID",
    "host bits",
    'Write "10.0.0.0/24"',
  ],
  [`${create} --gateway 10.0.0.256`, "LF-ADDRESS-INVALID", "10.0.0.256", "Write it like"],
  [`${create} --gateway 10.0.1.1`, "LF-OUTSIDE-SUBNETS", "10.0.1.1", "Correct the gateway"],
  [`${create} --ip-range 10.0.0.9-10.0.0.1`, "LF-RANGE-INVALID", "above the last", "Write"],
  [`${create} --exclude x`, "LF-RANGE-INVALID", '"x"', "Write it like"],
  [`${create} --route 10.9.0.0/16,10.0.0.1`, "LF-USAGE", '"10.9.0.0/16,via ADDRESS"', "--help"],
  [`${create} --route "10.9.0.0/16,via x"`, "LF-ADDRESS-INVALID", '"x"', "Write it like"],
  [`${create} --route 10.9.0.1/16`, "LF-PREFIX-INVALID", "10.9.0.1/16", "10.9.0.0/16"],
  [`${create} --mtu 9`, "LF-MTU-INVALID", "9 is not an MTU", "Leave it out"],
  [`${create} --driver bridge`, "LF-DRIVER-UNKNOWN", '"bridge"', "Use macvlan or ipvlan"],
  [`${create} --mode l7`, "LF-MODE-UNKNOWN", '"l7"', "bridge, private"],
  [`${create} --driver ipvlan --bcqueuelen 9`, "LF-BCQUEUELEN-UNUSED", "ipvlan", "Leave it out"],
  [`${create} --flag nodst`, "LF-FLAG-UNKNOWN", '"nodst"', "Leave the flag out"],
  [`${create} --source 02:00:00:00:00:01`, "LF-SOURCE-NOT-IN-MODE", "bridge", "--mode source"],
  [`${create} --bcqueuelen 4294967296`, "LF-BCQUEUELEN-INVALID", "4294967296", "Leave it out"],
  [`${create} --bcqueuelen many`, "LF-USAGE", '"many" is not a whole number', "--help"],
  ["net set lan", "LF-USAGE", "Say what to change", "--help", "landfall net set --help"],
  ["attach --netns web", "LF-USAGE", "NETWORK is missing", "--help", "landfall attach --help"],
  ["attach lan --container ../x", "LF-USAGE", "no name and no id of a container", "--help"],
  ["attach lan", "LF-USAGE", "Name the sandbox with --netns, --pid or --container", "--help"],
  ["attach lan --netns a --pid 3", "LF-USAGE", "cannot be used together", "--help"],
  ["attach lan --pid 0", "LF-USAGE", '`--pid`: "0" is not the id of a process', "--help"],
  ['attach lan --netns ""', "LF-USAGE", "the path is empty", "--help"],
  ["attach lan --pid 3 --mac 02:00", "LF-MAC-INVALID", '"02:00"', "02:00:00:00:00:01"],
  ["attach lan --pid 3 --ifname a/b", "LF-NAME-INVALID", '"a/b"', "link name"],
  [`${create} --reserve web`, "LF-USAGE", '"web=192.168.1.20"', "--help"],
  [`${create} --reserve w/b=10.0.0.9`, "LF-NAME-INVALID", '"w/b"', "workload name"],
  [`${create} --reserve web=10.0.0`, "LF-ADDRESS-INVALID", '"10.0.0"', "Write it like"],
  [`${create} --reserve web=10.0.1.9`, "LF-OUTSIDE-SUBNETS", "10.0.1.9", "reserved address"],
  ["lease release", "LF-USAGE", "ADDRESS is missing", "--help"],
  ["lease release web", "LF-ADDRESS-INVALID", '"web"', "Write it like"],
  ["detach", "LF-USAGE", "Name the endpoint: its id", "--help", "landfall detach --help"],
  ["detach --ifname eth0", "LF-USAGE", "Name the endpoint: its id", "--help"],
  ["detach ep-1 --pid 3", "LF-USAGE", "not by both", "--help"],
  ["detach ep-1 --ifname eth0", "LF-USAGE", "not by both", "--help"],
  ["endpoint inspect", "LF-USAGE", "ENDPOINT is missing", "--help"],
  ["lab run", "LF-USAGE", "at least one scenario FILE", "--help", "landfall lab run --help"],
  ["lab run a --door wifi", "LF-USAGE", 'but got "wifi"', "--help"],
  ["lab run a --kernel vm", "LF-USAGE", 'but got "vm"', "--help"],
  ["completion tcsh", "LF-USAGE", 'Unsupported shell "tcsh"', "--help"],
];

for (const [line, code, detail, remedy, help] of mistakes) {
  test(`landfall ${line} is refused with ${code}`, () => {
    const problem = refused(line);
    expect(problem.code as string).toBe(code);
    expect(problem.exitCode).toBe(2);
    expect(problem.detail).toContain(detail);
    expect(problem.remedy).toContain(remedy);
    if (help !== undefined) expect(problem.command).toBe(help);
  });
}

describe("what is printed instead of done", () => {
  test("without arguments it is the help", () => {
    expect(printed("")).toBe(printed("--help"));
    expect(printed("")).toContain("Usage: landfall COMMAND ...");
  });

  test("the help of a command is asked for behind it", () => {
    expect(printed("net create -h")).toContain("Usage: landfall net create --parent LINK");
  });

  test("the version stands alone", () => {
    expect(printed("--version")).toBe("1.2.3\n");
  });

  test.each(["bash", "zsh", "fish"])("completion %s is a script that asks landfall", (shell) => {
    const script = printed(`completion ${shell}`);
    expect(script).toContain("landfall");
    expect(script).toContain(`completion`);
    expect(script.length).toBeGreaterThan(500);
  });

  test("completion offers the commands, the options and the drivers", () => {
    expect(printed('completion fish net ""')).toContain("create");
    expect(printed("completion fish net create --par")).toContain("--parent");
    expect(printed("completion fish net create --driver mac")).toContain("macvlan");
    expect(printed("completion fish net create --driver mac")).not.toContain("ipvlan");
  });
});

test("a command is read alone as it is read among all", () => {
  const read = commands.flatMap(([line]) => {
    const argv = argvOf(line);
    const alone = grammarOf(argv);
    return alone === undefined ? [] : [{ line, quick: parse(alone, argv), argv }];
  });
  // Other names of a command are left to the whole grammar.
  expect(read.length).toBeGreaterThan(commands.length * 0.8);
  for (const { line, quick, argv } of read) {
    expect([line, quick]).toEqual([line, parse(grammar, argv)]);
  }
  expect(grammarOf(["--help"])).toBeUndefined();
  expect(grammarOf(["completion", "bash"])).toBeUndefined();
});
