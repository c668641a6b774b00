import type { Answers } from "../docker-recorder.ts";
import {
  at,
  create,
  type DockerCase,
  docker,
  engine,
  host,
  remove,
  removeNetwork,
  run,
  SUBNET,
  showLinks,
  showStates,
} from "./case.ts";
import { refusal } from "./stand-in.ts";

/** What the engine does when the plugin does not want to. */
export const refusalCases: readonly DockerCase[] = [
  {
    name: "address-refused",
    about: "the IPAM has no address: what a container's start makes of it",
    answers: () => ({ "IpamDriver.RequestAddress": refuseEndpoints }),
    steps: [create(SUBNET), run(), remove, removeNetwork],
  },
  {
    name: "create-endpoint-refused",
    about: "CreateEndpoint fails",
    answers: () => ({
      "NetworkDriver.CreateEndpoint": () => refusal("LF-PARENT-DOWN: p0 is down"),
    }),
    steps: [create(SUBNET), run(), remove, removeNetwork],
  },
  {
    name: "create-endpoint-500",
    about: "CreateEndpoint fails with an HTTP status",
    answers: () => ({
      "NetworkDriver.CreateEndpoint": () => ({ ...refusal("LF-PARENT-DOWN: down"), status: 500 }),
    }),
    steps: [create(SUBNET), run(), remove, removeNetwork],
  },
  {
    name: "join-refused",
    about: "Join fails after CreateEndpoint succeeded",
    answers: () => ({ "NetworkDriver.Join": () => refusal("LF-PARENT-DOWN: p0 is down") }),
    steps: [create(SUBNET), run(), remove, removeNetwork],
  },
  {
    name: "join-without-link",
    about: "Join names a link that is not there",
    answers: () => ({
      "NetworkDriver.Join": () => ({
        reply: { InterfaceName: { SrcName: "lfnone", DstPrefix: "eth" } },
      }),
    }),
    steps: [create(SUBNET), run(), remove, removeNetwork],
  },
  {
    name: "interface-returned",
    about: "CreateEndpoint returns the address that it was given",
    answers: () => ({
      "NetworkDriver.CreateEndpoint": (request) => {
        const { Interface } = request as { Interface: { Address: string } };
        return { reply: { Interface: { Address: Interface.Address } } };
      },
    }),
    steps: [create(SUBNET), run(), remove, removeNetwork],
  },
  {
    name: "removal-refused",
    about: "Leave, DeleteEndpoint, ReleaseAddress, ReleasePool and DeleteNetwork fail",
    answers: () =>
      Object.fromEntries(
        ["NetworkDriver.Leave", "IpamDriver.ReleaseAddress", "IpamDriver.ReleasePool"]
          .concat("NetworkDriver.DeleteEndpoint", "NetworkDriver.DeleteNetwork")
          .map((method) => [method, () => refusal(`${method} does not want to`)]),
      ),
    steps: [
      create(SUBNET),
      run(),
      docker("stop c1"),
      showLinks,
      docker("start c1"),
      remove,
      removeNetwork,
      docker("network ls --format {{.Name}}:{{.Driver}}"),
    ],
  },
  {
    name: "second-subnet",
    about: "two subnets, and no address left in the first",
    answers: () => ({ "IpamDriver.RequestAddress": refuseEndpoints }),
    steps: [
      create(`${SUBNET} --subnet 10.0.7.0/24 --gateway 10.0.7.1`),
      run(),
      remove,
      removeNetwork,
    ],
  },
  {
    name: "connectivity-not-found",
    about: "404 for ProgramExternalConnectivity and RevokeExternalConnectivity",
    answers: () => notFound("ProgramExternalConnectivity", "RevokeExternalConnectivity"),
    steps: [create(SUBNET), run(), remove, removeNetwork],
  },
  {
    name: "oper-info-not-found",
    about: "404 for EndpointOperInfo",
    answers: () => notFound("EndpointOperInfo"),
    steps: [create(SUBNET), run(), remove, removeNetwork],
  },
];

/** Refuses an address to endpoints, and gives gateways and auxiliary addresses as asked. */
function refuseEndpoints(request: unknown) {
  const { Address } = request as { Address: string };
  if (Address === "") return refusal("LF-POOL-FULL: no address left");
  return { reply: { Address: `${Address}/24`, Data: {} } };
}

function notFound(...methods: readonly string[]): Answers {
  const answer = () => ({ status: 404, reply: "not found" });
  return Object.fromEntries(methods.map((method) => [`NetworkDriver.${method}`, answer]));
}

/** The engine goes away and comes back. */
export const restartCases: readonly DockerCase[] = [
  {
    name: "engine-stopped",
    about: "the engine is stopped and started with a container that it starts again",
    steps: [
      create(`${SUBNET} --aux-address nas=10.0.0.20`),
      run("--restart always"),
      engine("stop"),
      showLinks,
      engine("start"),
      showStates,
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
      showStates,
      showLinks,
      docker("start c2"),
      docker("rm -f c1 c2"),
      removeNetwork,
    ],
  },
  {
    name: "engine-replays",
    about: "the engine is stopped and started, and the IPAM asked for a replay",
    answers: () => ({
      "IpamDriver.GetCapabilities": () => ({ reply: { RequiresRequestReplay: true } }),
    }),
    steps: [
      // The capabilities are asked for when the engine starts.
      engine("stop"),
      engine("start"),
      create(`${SUBNET} --aux-address nas=10.0.0.20`),
      run("--restart always"),
      engine("stop"),
      engine("start"),
      showStates,
      remove,
      removeNetwork,
    ],
  },
  {
    name: "plugin-away",
    about: "the engine starts while the plugin is not there, which comes back later",
    steps: [
      create(SUBNET),
      run("--restart always"),
      engine("stop"),
      host("mv /run/docker/plugins/landfall.sock /run/docker/plugins/away"),
      engine("start"),
      showStates,
      docker("network ls --format {{.Name}}:{{.Driver}}"),
      host("mv /run/docker/plugins/away /run/docker/plugins/landfall.sock"),
      docker("start c1"),
      remove,
      removeNetwork,
    ],
  },
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
      showStates,
      at("ip -4 addr show eth0"),
      docker("stop c1"),
      docker("rm -f c1 c2"),
      removeNetwork,
    ],
  },
  {
    name: "live-restore-stopped",
    about:
      "live-restore: a clean stop of the engine under a running container, then a second network",
    steps: [
      create(SUBNET),
      create("--subnet 10.0.7.0/24 --gateway 10.0.7.1", "n2"),
      run(),
      engine("stop"),
      engine("start"),
      docker("network connect n2 c1"),
      docker("network disconnect n1 c1"),
      remove,
      removeNetwork,
      docker("network rm n2"),
    ],
  },
];
