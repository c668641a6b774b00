import {
  at,
  create,
  type DockerCase,
  docker,
  remove,
  removeNetwork,
  run,
  SUBNET,
  showLinks,
} from "./case.ts";
import { joinWith, refusal } from "./stand-in.ts";

const IFNAME = "com.docker.network.endpoint.ifname";

/** Making and removing networks. */
export const networkCases: readonly DockerCase[] = [
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
    answers: () => ({ "NetworkDriver.CreateNetwork": () => refusal("LF-PARENT-MISSING: no p0") }),
    steps: [create(`${SUBNET} --aux-address nas=10.0.0.20`)],
  },
  {
    name: "pool-refused",
    about: "the IPAM refuses a pool",
    answers: () => ({ "IpamDriver.RequestPool": () => refusal("LF-POOL-OVERLAP: taken") }),
    steps: [create(SUBNET)],
  },
];

/** Containers, where everything goes well. */
export const containerCases: readonly DockerCase[] = [
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
      docker("inspect -f {{.NetworkSettings.Networks.n1.MacAddress}} c1"),
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
    about: "a link name (ifname) asked for by the user, and returned by the driver as DstName",
    steps: [
      create(SUBNET),
      docker("run -d --name c1 --network", `name=n1,driver-opt=${IFNAME}=lan0`, "busybox"),
      at("ip -o -4 addr"),
      remove,
      removeNetwork,
    ],
  },
  {
    name: "own-gateway-service",
    about: "Join without a gateway, and without DisableGatewayService",
    answers: (own) => joinWith(own, { Gateway: "", DisableGatewayService: false }),
    steps: [
      create(SUBNET),
      run(),
      at("ip -o -4 addr"),
      at("ip route"),
      docker("network ls --format {{.Name}}:{{.Driver}}"),
      remove,
      removeNetwork,
    ],
  },
  {
    name: "static-routes",
    about: "Join with a gateway outside the subnet, made reachable by a connected route",
    answers: (own) =>
      joinWith(own, {
        Gateway: "192.0.2.1",
        StaticRoutes: [
          { Destination: "192.0.2.1/32", RouteType: 1, NextHop: "" },
          { Destination: "198.51.100.0/24", RouteType: 0, NextHop: "10.0.0.1" },
        ],
      }),
    steps: [create(SUBNET), run(), at("ip route"), remove, removeNetwork],
  },
  {
    name: "gateway-off-link",
    about: "Join with a gateway that no route reaches",
    answers: (own) => joinWith(own, { Gateway: "192.0.2.1" }),
    steps: [create(SUBNET), run(), remove, removeNetwork],
  },
];

/** The first use of the plugin, which shows only on an engine that was just started. */
export const activation: DockerCase = {
  name: "activate",
  about: "the first use of the plugin",
  steps: [create(SUBNET), removeNetwork],
};
