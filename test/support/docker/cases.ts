import type { Answers } from "../docker-recorder.ts";
import { refusal } from "./stand-in.ts";

/** A step: a `docker` command, something done to the engine, or a command on its host. */
export type Step =
  | { readonly kind: "docker"; readonly words: string }
  | { readonly kind: "engine"; readonly act: "stop" | "kill" | "start" }
  | { readonly kind: "host"; readonly words: string };

/** What one fixture records. */
export interface DockerCase {
  readonly name: string;
  readonly about: string;
  /** What the stand-in answers otherwise than it does. */
  readonly answers?: Answers;
  readonly steps: readonly Step[];
}

const docker = (words: string): Step => ({ kind: "docker", words });
const host = (words: string): Step => ({ kind: "host", words });
const engine = (act: "stop" | "kill" | "start"): Step => ({ kind: "engine", act });
const at = (path: string) => docker(`exec c1 ${path}`);

const OURS = "-d landfall --ipam-driver landfall -o parent=p0";
const SUBNET = "--subnet 10.0.0.0/24 --gateway 10.0.0.1 --ip-range 10.0.0.128/25";
const create = (more: string, name = "n1") => docker(`network create ${OURS} ${more} ${name}`);
const run = (more = "") =>
  docker(`run -d --name c1 --network n1 ${more} busybox`.replace("  ", " "));
const remove = docker("rm -f c1");
const removeNetwork = docker("network rm n1");
const showLinks = host("ip -o link show type macvlan");

const networks: readonly DockerCase[] = [
  {
    name: "network-subnet",
    about: "a network with everything that its address space can have, and every kind of option",
    steps: [
      create(
        `${SUBNET} --aux-address nas=10.0.0.20 --aux-address router2=10.0.0.200
        -o macvlan_mode=bridge -o com.docker.network.driver.mtu=1400 --ipam-opt pool=lan
        --label team=net --attachable`.replace(/\s+/g, " "),
      ),
      removeNetwork,
    ],
  },
  {
    name: "network-plain",
    about: "a network for which the plugin chooses the pool",
    steps: [create(""), removeNetwork],
  },
  {
    name: "network-ipv6",
    about: "both families, a container, and what is seen in it",
    steps: [
      create(`${SUBNET} --ipv6 --subnet fd00::/64 --gateway fd00::1`),
      run(),
      at("ip -6 addr show eth0"),
      at("ip -6 route"),
      remove,
      removeNetwork,
    ],
  },
  {
    name: "network-two-subnets",
    about: "two IPv4 subnets: which of them an endpoint asks",
    steps: [create(`${SUBNET} --subnet 10.0.7.0/24`), run(), remove, removeNetwork],
  },
  {
    name: "network-internal",
    about: "--internal",
    steps: [create(`${SUBNET} --internal`), run(), at("ip route"), remove, removeNetwork],
  },
  {
    name: "network-null-ipam",
    about: "--ipam-driver null: the driver chooses the address",
    steps: [
      docker("network create -d landfall --ipam-driver null -o parent=p0 n1"),
      run(),
      at("ip -4 addr show eth0"),
      remove,
      removeNetwork,
    ],
  },
  {
    name: "network-default-ipam",
    about: "Docker's own IPAM with the driver of the plugin",
    steps: [
      docker(`network create -d landfall -o parent=p0 ${SUBNET} n1`),
      run(),
      remove,
      removeNetwork,
    ],
  },
  {
    name: "network-refused",
    about: "the driver refuses: what was asked of the IPAM is given back",
    answers: { "NetworkDriver.CreateNetwork": () => refusal("LF-PARENT-MISSING: no p0") },
    steps: [create(`${SUBNET} --aux-address nas=10.0.0.20`)],
  },
  {
    name: "pool-refused",
    about: "the IPAM refuses a pool",
    answers: { "IpamDriver.RequestPool": () => refusal("LF-POOL-OVERLAP: taken") },
    steps: [create(SUBNET)],
  },
];

const containers: readonly DockerCase[] = [
  {
    name: "container-life",
    about: "run, stop, start, restart, rm -f",
    steps: [
      create(SUBNET),
      run(),
      at("ip -4 addr show eth0"),
      at("ip route"),
      at("cat /proc/sys/net/ipv6/conf/eth0/disable_ipv6"),
      showLinks,
      docker("stop c1"),
      showLinks,
      docker("start c1"),
      docker("restart c1"),
      remove,
      docker("create --name c1 --network n1 busybox"),
      docker("rm c1"),
      removeNetwork,
    ],
  },
  {
    name: "container-chosen",
    about: "a chosen address and MAC, ports, and driver options of the endpoint",
    steps: [
      create(SUBNET),
      run("--ip 10.0.0.50 --mac-address 02:00:00:00:00:50 -p 8080:80 --expose 443 --hostname web"),
      at("ip addr show eth0"),
      docker("inspect -f {{json .NetworkSettings.Networks.n1}} c1"),
      docker("restart c1"),
      remove,
      docker(
        "run -d --name c1 --network name=n1,driver-opt=colour=red,alias=web,ip=10.0.0.51 busybox",
      ),
      remove,
      removeNetwork,
    ],
  },
  {
    name: "connect-disconnect",
    about: "a second network for a running container, and for one that is stopped",
    steps: [
      create(SUBNET),
      create("--subnet 10.0.7.0/24 --gateway 10.0.7.1", "n2"),
      run(),
      docker("network connect --ip 10.0.7.50 --driver-opt colour=red n2 c1"),
      at("ip -o -4 addr"),
      at("ip route"),
      docker("network disconnect n1 c1"),
      at("ip route"),
      docker("network connect n1 c1"),
      docker("network disconnect n2 c1"),
      docker("stop c1"),
      docker("network connect n2 c1"),
      docker("start c1"),
      remove,
      removeNetwork,
      docker("network rm n2"),
    ],
  },
  {
    name: "own-name",
    about: "a link name of one's own (DstName): asked for by the user, and returned by the driver",
    steps: [
      create(SUBNET),
      docker(
        "run -d --name c1 --network name=n1,driver-opt=com.docker.network.endpoint.ifname=lan0 busybox",
      ),
      at("ip -o -4 addr"),
      remove,
      removeNetwork,
    ],
  },
];

const refusals: readonly DockerCase[] = [
  {
    name: "address-refused",
    about: "the IPAM has no address: what a container's start makes of it",
    answers: { "IpamDriver.RequestAddress": refuseEndpoints },
    steps: [create(SUBNET), run(), remove, removeNetwork],
  },
  {
    name: "create-endpoint-refused",
    about: "CreateEndpoint fails",
    answers: { "NetworkDriver.CreateEndpoint": () => refusal("LF-PARENT-DOWN: p0 is down") },
    steps: [create(SUBNET), run(), remove, removeNetwork],
  },
  {
    name: "create-endpoint-500",
    about: "CreateEndpoint fails with an HTTP status",
    answers: {
      "NetworkDriver.CreateEndpoint": () => ({ ...refusal("LF-PARENT-DOWN: down"), status: 500 }),
    },
    steps: [create(SUBNET), run(), remove, removeNetwork],
  },
  {
    name: "join-refused",
    about: "Join fails after CreateEndpoint succeeded",
    answers: { "NetworkDriver.Join": () => refusal("LF-PARENT-DOWN: p0 is down") },
    steps: [create(SUBNET), run(), remove, removeNetwork],
  },
  {
    name: "join-without-link",
    about: "Join names a link that is not there",
    answers: {
      "NetworkDriver.Join": () => ({
        reply: { InterfaceName: { SrcName: "lfnone", DstPrefix: "eth" } },
      }),
    },
    steps: [create(SUBNET), run(), remove, removeNetwork],
  },
  {
    name: "interface-returned",
    about: "CreateEndpoint returns the address that it was given",
    answers: {
      "NetworkDriver.CreateEndpoint": (request) => {
        const { Interface } = request as { Interface: { Address: string } };
        return { reply: { Interface: { Address: Interface.Address } } };
      },
    },
    steps: [create(SUBNET), run(), remove, removeNetwork],
  },
  {
    name: "removal-refused",
    about: "Leave, DeleteEndpoint, ReleaseAddress, ReleasePool and DeleteNetwork fail",
    answers: Object.fromEntries(
      ["NetworkDriver.Leave", "IpamDriver.ReleaseAddress", "IpamDriver.ReleasePool"]
        .concat("NetworkDriver.DeleteEndpoint", "NetworkDriver.DeleteNetwork")
        .map((method) => [method, () => refusal(`${method} does not want to`)]),
    ),
    steps: [create(SUBNET), run(), docker("stop c1"), remove, removeNetwork, docker("network ls")],
  },
];

/** Refuses an address to endpoints, and gives gateways and auxiliary addresses as asked. */
function refuseEndpoints(request: unknown) {
  const { Address } = request as { Address: string };
  if (Address === "") return refusal("LF-POOL-FULL: no address left");
  return { reply: { Address: `${Address}/24`, Data: {} } };
}

const restarts: readonly DockerCase[] = [
  {
    name: "engine-stopped",
    about: "the engine is stopped and started with a container that it starts again",
    steps: [
      create(`${SUBNET} --aux-address nas=10.0.0.20`),
      run("--restart always"),
      engine("stop"),
      showLinks,
      engine("start"),
      docker("ps --format {{.Names}}:{{.State}}"),
      at("ip -4 addr show eth0"),
      remove,
      removeNetwork,
    ],
  },
  {
    name: "engine-killed",
    about:
      "kill -9 of the engine, with one container that it starts again and one that it does not",
    steps: [
      create(`${SUBNET} --aux-address nas=10.0.0.20`),
      run("--restart always"),
      docker("run -d --name c2 --network n1 busybox"),
      engine("kill"),
      showLinks,
      engine("start"),
      docker("ps --all --format {{.Names}}:{{.State}}"),
      showLinks,
      docker("start c2"),
      docker("rm -f c1 c2"),
      removeNetwork,
    ],
  },
  {
    name: "engine-replays",
    about: "the engine is stopped and started, and the IPAM asked for a replay",
    answers: {
      "IpamDriver.GetCapabilities": () => ({ reply: { RequiresRequestReplay: true } }),
    },
    steps: [
      // The capabilities are asked for when the engine starts.
      engine("stop"),
      engine("start"),
      create(`${SUBNET} --aux-address nas=10.0.0.20`),
      run("--restart always"),
      engine("stop"),
      engine("start"),
      docker("ps --format {{.Names}}:{{.State}}"),
      remove,
      removeNetwork,
    ],
  },
];

/** All cases, in an order in which they can be run on one engine that was just started. */
export const dockerCases: readonly DockerCase[] = [
  {
    name: "activate",
    about: "the first use of the plugin",
    steps: [create(SUBNET), removeNetwork],
  },
  ...networks,
  ...containers,
  ...refusals,
  ...restarts,
];

/** Cases of an engine that lets containers live on while it is away. */
export const liveRestoreCases: readonly DockerCase[] = [
  {
    name: "live-restore-killed",
    about: "live-restore: kill -9 of the engine, one container ends before it is back",
    steps: [
      create(SUBNET),
      run(),
      docker("run -d --name c2 --network n1 busybox"),
      engine("kill"),
      host("pkill -KILL -n sleep"),
      engine("start"),
      docker("ps --all --format {{.Names}}:{{.State}}"),
      at("ip -4 addr show eth0"),
      docker("stop c1"),
      docker("rm -f c1 c2"),
      removeNetwork,
    ],
  },
];
