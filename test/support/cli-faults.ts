/** What a refusal must say. Words in which "@NAME" stands for what the world has by that name. */
export interface Refusal {
  readonly exitCode: number;
  readonly code: string;
  /** Words that its detail must have. */
  readonly names?: readonly string[];
  /** Words that its remedy must have. */
  readonly remedy?: string;
  /** The whole command; without this there must be none. */
  readonly command?: string;
}

/** A command line on a faulty host, and how it must be refused. */
export interface Fault {
  readonly what: string;
  readonly line: string;
  readonly refusal: Refusal;
}

function fault(what: string, line: string, refusal: Refusal): Fault {
  return { what, line, refusal };
}

const usage = { exitCode: 2 } as const;
const failed = { exitCode: 5 } as const;
const attach = "attach lan --netns @sandbox";

const inputFaults: readonly Fault[] = [
  fault(
    "a network name with a character that names lack",
    "net create my!net --parent p0 --subnet 10.0.0.0/24",
    {
      ...usage,
      code: "LF-NAME-INVALID",
      names: ["my!net", "network name"],
    },
  ),
  fault("a parent name that no link can have", "net create a --parent a/b --subnet 10.0.0.0/24", {
    ...usage,
    code: "LF-NAME-INVALID",
    command: "ip -br link",
    names: ["a/b", "link name"],
  }),
  fault("a link name of 16 bytes", `${attach} --ifname abcdefghijklmnop`, {
    ...usage,
    code: "LF-NAME-INVALID",
    command: "ip -br link",
    names: ["16 bytes", "15"],
  }),
  fault("a subnet with host bits", "net create a --parent p0 --subnet 10.0.0.1/24", {
    ...usage,
    code: "LF-PREFIX-INVALID",
    command: "ip -br address",
    names: ["host bits"],
    remedy: '"10.0.0.0/24"',
  }),
  fault("a subnet with an octal octet", "net create a --parent p0 --subnet 010.0.0.0/24", {
    ...usage,
    code: "LF-PREFIX-INVALID",
    command: "ip -br address",
    names: ["leading zero"],
  }),
  fault("a subnet that is none", "net create a --parent p0 --subnet lan", {
    ...usage,
    code: "LF-PREFIX-INVALID",
    command: "ip -br address",
    names: ["lan"],
  }),
  fault(
    "a gateway outside the subnet",
    "net create a --parent p0 --subnet 10.0.0.0/24 --gateway 10.1.0.1",
    {
      ...usage,
      code: "LF-OUTSIDE-SUBNETS",
      command: "ip route show",
      names: ["gateway", "10.1.0.1", "10.0.0.0/24"],
    },
  ),
  fault("a network without a subnet", "net create a --parent p0", {
    ...usage,
    code: "LF-SUBNET-MISSING",
    command: "ip -br address",
  }),
  fault("ipvlan beside macvlan", "net create a --parent p0 --subnet 10.0.0.0/24 --driver ipvlan", {
    ...failed,
    code: "LF-DRIVERS-EXCLUSIVE",
    names: ["Network a is ipvlan l2", "network lan", "macvlan bridge"],
    remedy: "another parent",
    command: "landfall net inspect lan",
  }),
  fault("a command that is none", "net lst", {
    ...usage,
    code: "LF-USAGE",
    remedy: "ls",
    command: "landfall net --help",
  }),
];

const parentFaults: readonly Fault[] = [
  fault("a parent that is not there", "attach early --netns @sandbox", {
    ...failed,
    code: "LF-PARENT-MISSING",
    names: ["uplnk0", "uplink0", "p0"],
    remedy: "Did you mean uplink0?",
    command: "ip -br link",
  }),
  fault("the loopback as a parent", "net create a --parent lo --subnet 127.0.0.0/8", {
    ...failed,
    code: "LF-PARENT-LOOPBACK",
    command: "ip -br link",
  }),
  fault("a bridge port as a parent", "net create a --parent port0 --subnet 10.7.0.0/24", {
    ...failed,
    code: "LF-PARENT-BUSY",
    names: ["port0", "bridge br0"],
    remedy: "br0",
    command: "ip -d link show dev port0",
  }),
  fault("a bridge port as a parent", "net create a --parent port0 --subnet 10.7.0.0/24", {
    ...failed,
    code: "LF-PARENT-BUSY",
    names: ["port0", "port of the bridge br0"],
    remedy: "br0",
    command: "ip -d link show dev port0",
  }),
  fault(
    "an MTU above the parent's",
    "net create a --parent uplink0 --subnet 10.9.0.0/24 --mtu 1500",
    {
      ...failed,
      code: "LF-MTU-TOO-LARGE",
      names: ["1500", "1400", "uplink0"],
      command: "ip link set dev uplink0 mtu 1500",
    },
  ),
];

const sandboxFaults: readonly Fault[] = [
  fault("a namespace path that is a plain file", "attach lan --netns @plain", {
    ...failed,
    code: "LF-SANDBOX-NOT-NETNS",
    names: ["plain"],
    command: "stat -f -c %T @plain",
  }),
  fault("a namespace path that is a socket", "attach lan --netns @socket", {
    ...failed,
    code: "LF-SANDBOX-NOT-NETNS",
    command: "stat -f -c %T @socket",
  }),
  fault("a namespace path that is a FIFO", "attach lan --netns @fifo", {
    ...failed,
    code: "LF-SANDBOX-NOT-NETNS",
    command: "stat -f -c %T @fifo",
  }),
  fault("a namespace of another kind", "attach lan --netns /proc/self/ns/mnt", {
    ...failed,
    code: "LF-SANDBOX-NOT-NETNS",
    command: "stat -f -c %T /proc/self/ns/mnt",
  }),
  fault("a namespace path that is not there", "attach lan --netns @missing", {
    ...failed,
    code: "LF-SANDBOX-MISSING",
    names: ["missing"],
    command: "ip netns list",
  }),
  fault("a process that does not run", "attach lan --pid @ended", {
    ...failed,
    code: "LF-SANDBOX-MISSING",
    command: "ip netns list",
  }),
  fault("the host's own namespace", "attach lan --netns @host", {
    ...failed,
    code: "LF-SANDBOX-IS-HOST",
    command: "ip netns identify",
  }),
];

const addressFaults: readonly Fault[] = [
  fault(
    "an address outside the subnet",
    `${attach} --ip 10.1.0.5`,
    unusable("10.1.0.5", "subnets"),
  ),
  fault("the gateway's address", `${attach} --ip 10.0.0.1`, unusable("10.0.0.1", "gateway")),
  fault("the host's own address", `${attach} --ip 10.0.0.10`, unusable("10.0.0.10", "host's own")),
  fault("the broadcast address", `${attach} --ip 10.0.0.255`, unusable("10.0.0.255", "broadcast")),
  fault("an excluded address", `${attach} --ip 10.0.0.205`, unusable("10.0.0.205", "excluded")),
  fault("an address that is taken", `${attach} --ip 10.0.0.50`, {
    ...failed,
    code: "LF-ADDRESS-TAKEN",
    names: ["10.0.0.50", "@endpoint", "lan"],
    command: "landfall detach @endpoint",
  }),
  fault(
    "a second address of one subnet",
    `${attach} --ip 10.0.0.60 --ip 10.0.0.61`,
    unusable("10.0.0.61", "is the second one asked for in 10.0.0.0/24"),
  ),
  fault("the release of an address that nobody had", "lease release 10.0.0.60", {
    ...failed,
    code: "LF-LEASE-MISSING",
    names: ["10.0.0.60"],
    command: "landfall lease ls",
  }),
  fault("a multicast MAC", `${attach} --mac 01:00:5e:00:00:01`, {
    ...failed,
    code: "LF-MAC-UNUSABLE",
    command: "ip -br link",
    names: ["01:00:5e:00:00:01"],
  }),
  fault("the MAC of zeros", `${attach} --mac 00:00:00:00:00:00`, {
    ...failed,
    code: "LF-MAC-UNUSABLE",
    command: "ip -br link",
  }),
  fault("a MAC that is taken", `${attach} --mac 02:00:00:00:00:50`, {
    ...failed,
    code: "LF-MAC-TAKEN",
    command: "ip -br link",
    names: ["02:00:00:00:00:50", "@endpoint"],
  }),
  fault("a pool without a free address", "attach small --netns @sandbox", {
    ...failed,
    code: "LF-POOL-EXHAUSTED",
    names: ["small", "10.9.0.0/30", "1 of 1"],
    command: "landfall endpoint ls",
  }),
];

function unusable(address: string, reason: string): Refusal {
  const command = "landfall net inspect lan";
  return { ...failed, code: "LF-ADDRESS-UNUSABLE", names: [address, reason], command };
}

const networkFaults: readonly Fault[] = [
  fault(
    "a subnet that overlaps another network's",
    "net create a --parent p0 --subnet 10.0.0.0/25",
    {
      ...failed,
      code: "LF-SUBNET-CONFLICT",
      names: ["10.0.0.0/25", "10.0.0.0/24", "network lan"],
      command: "landfall net inspect lan",
    },
  ),
  fault(
    "a subnet that the host reaches elsewhere",
    "net create a --parent p0 --subnet 10.9.0.0/24",
    {
      ...failed,
      code: "LF-SUBNET-ROUTED-ELSEWHERE",
      names: ["10.9.0.0/24", "uplink0", "p0"],
      remedy: "uplink0",
      command: "ip route show 10.9.0.0/24",
    },
  ),
  fault("a name that is given", "net create lan --parent p0 --subnet 10.0.0.0/24", {
    ...failed,
    code: "LF-NETWORK-EXISTS",
    command: "landfall net inspect lan",
  }),
  fault("removing a network that is in use", "net rm lan", {
    ...failed,
    code: "LF-NETWORK-IN-USE",
    names: ["lan", "@endpoint"],
    command: "landfall detach @endpoint",
  }),
  fault("attaching to an unknown network", "attach lam --netns @sandbox", unknown("lam")),
  fault("inspecting an unknown network", "net inspect lann", unknown("lann")),
  fault("removing an unknown network", "net rm lna", unknown("lna")),
  fault("detaching an unknown endpoint", "detach ep-0000000000", {
    ...failed,
    code: "LF-ENDPOINT-MISSING",
    names: ["ep-0000000000"],
    command: "landfall endpoint ls",
  }),
  fault("detaching a sandbox that is not attached", "detach --netns @sandbox", {
    ...failed,
    code: "LF-ENDPOINT-MISSING",
    names: ["eth0"],
    command: "landfall endpoint ls",
  }),
];

function unknown(name: string): Refusal {
  return {
    ...failed,
    code: "LF-NETWORK-MISSING",
    names: [`"${name}"`],
    remedy: "Did you mean lan?",
    command: "landfall net ls",
  };
}

/** Everything that a person can get wrong on a faulty host. */
export const faults: readonly Fault[] = [
  ...inputFaults,
  ...parentFaults,
  ...sandboxFaults,
  ...addressFaults,
  ...networkFaults,
];
