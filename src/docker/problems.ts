import { CniCode, defineProblem, ExitCode, type Facts, type ProblemKind } from "../base/index.ts";

interface Row<F extends Facts> {
  readonly title: string;
  readonly explanation: string;
  readonly detail: (facts: F) => string;
  readonly remedy: (facts: F) => string;
}

function usage<F extends Facts>(code: `LF-${string}`, row: Row<F>): ProblemKind<F> {
  const fixed = { exitCode: ExitCode.usage, cniCode: CniCode.refused, retryable: false };
  return defineProblem<F>(code, { ...row, ...fixed });
}

function refused<F extends Facts>(code: `LF-${string}`, row: Row<F>): ProblemKind<F> {
  const fixed = { exitCode: ExitCode.failed, cniCode: CniCode.refused, retryable: false };
  return defineProblem<F>(code, { ...row, ...fixed });
}

export const containerMissing = refused("LF-CONTAINER-MISSING", {
  title: "No such container",
  explanation:
    "Docker's engine knows containers by their names, and by their ids or parts of them.",
  detail: (f: { container: string; socket: string; nearest: string | undefined }) =>
    `The engine at ${f.socket} has no container "${f.container}".`,
  remedy: (f) =>
    f.nearest === undefined
      ? "See which there are: docker ps. For another engine set DOCKER_HOST, or use --pid."
      : `Did you mean ${f.nearest}?`,
});

export const containerNotRunning = refused("LF-CONTAINER-NOT-RUNNING", {
  title: "The container does not run",
  explanation: "A container has a network namespace only while it runs.",
  detail: (f: { container: string; state: string }) =>
    `The container "${f.container}" is ${f.state}.`,
  remedy: (f) => `Start it: docker start ${f.container}.`,
});

export const engineUnreachable = refused("LF-ENGINE-UNREACHABLE", {
  title: "The container engine does not answer",
  explanation:
    "Who a container's name stands for is asked of Docker's engine, at its socket or at the one " +
    "that DOCKER_HOST names. Only sockets of this machine have its namespaces.",
  detail: (f: { engine: string; reason: string }) =>
    `The engine at ${f.engine} could not be asked: ${f.reason}.`,
  remedy: () => "Start the engine, set DOCKER_HOST=unix://PATH, or name the sandbox with --pid.",
});

export const requestUnreadable = usage("LF-DOCKER-REQUEST", {
  title: "Not a request of Docker's",
  explanation:
    "The plugin's socket speaks the protocols of libnetwork's remote drivers, and what came " +
    "there is none of their requests.",
  detail: (f: { method: string; reason: string }) => `${f.method} cannot be read: ${f.reason}.`,
  remedy: () => "If it came from a Docker engine, report it with the engine's version.",
});

export const requestWithoutBody = refused("LF-DOCKER-REPEATED", {
  title: "Docker repeated a request without saying what it wants",
  explanation:
    "Docker's engine sends a request again when it got no answer, as when the daemon was started " +
    "anew meanwhile, and its second attempt has no body.",
  detail: (f: { method: string }) =>
    `${f.method} came without a body, as the engine sends it the second time.`,
  remedy: () => "Give the command again.",
});

export const methodUnknown = usage("LF-DOCKER-METHOD", {
  title: "Not a method of the plugin",
  explanation:
    "The plugin answers POST with the methods of NetworkDriver and IpamDriver. A later Docker " +
    "may ask for more, and does without.",
  detail: (f: { method: string; path: string }) => `The plugin has no ${f.method} ${f.path}.`,
  remedy: () => "If it came from a Docker engine, report it with the engine's version.",
});

export const optionUnknown = usage("LF-DOCKER-OPTION", {
  title: "Unknown option",
  explanation:
    "Docker hands options to the driver as they were typed. One that means nothing is refused, " +
    "because a misspelt option that is ignored is found much later.",
  detail: (f: { option: string; of: string; known: readonly string[]; near: string | undefined }) =>
    `There is no ${f.of} "${f.option}"; there are: ${f.known.join(", ") || "none"}.`,
  remedy: (f) =>
    f.near === undefined ? "Leave it out, or use one of these." : `Did you mean ${f.near}?`,
});

export const optionLater = usage("LF-DOCKER-OPTION-LATER", {
  title: "Not an option of this version",
  explanation: "The option has a meaning that is planned, and that this version does not have.",
  detail: (f: { option: string }) => `The option "${f.option}" is not in this version.`,
  remedy: () => "Leave it out.",
});

export const optionWrong = usage("LF-DOCKER-OPTION-VALUE", {
  title: "An option has a value that it cannot have",
  explanation: "Lists are separated by commas; an option that has two names is given once.",
  detail: (f: { option: string; value: string; reason: string }) =>
    `The option ${f.option} cannot be ${JSON.stringify(f.value.slice(0, 80))}: ${f.reason}.`,
  remedy: (f) => `Correct ${f.option}, or leave it out.`,
});

export const subnetNotGiven = usage("LF-DOCKER-SUBNET", {
  title: "The network has no subnet",
  explanation: "Which prefix a LAN has is not for Landfall to choose: its router decides.",
  detail: (f: { version: 4 | 6 }) => `No IPv${f.version} subnet was named.`,
  remedy: (f) =>
    f.version === 4
      ? "Name the LAN's prefix, such as --subnet 192.168.1.0/24."
      : "Name the LAN's prefix, such as --subnet fd00:1::/64, or leave --ipv6 out.",
});

export const poolUnknown = refused("LF-DOCKER-POOL", {
  title: "No network of Landfall's has this pool",
  explanation:
    "Docker asks for the pool before it creates the network. In between, the pool is known for " +
    "two minutes, and not after the daemon was restarted. Landfall gives addresses only to its " +
    "own networks, and to those only from the pools that they were created with.",
  detail: (f: { pool: string; reason: string }) => `The pool ${f.pool} ${f.reason}.`,
  remedy: () =>
    "Create the network (again), with the driver and the address manager of Landfall: " +
    "docker network create -d landfall --ipam-driver landfall.",
});

export const networkUnknown = refused("LF-DOCKER-NETWORK", {
  title: "Landfall has no such network of Docker's",
  explanation:
    "Docker has a record of the network and Landfall has none: it was removed with landfall net " +
    "rm, or the daemon was started with another state directory.",
  detail: (f: { id: string }) => `Landfall does not know Docker's network ${f.id.slice(0, 12)}.`,
  remedy: (f) => `Remove it and create it again: docker network rm ${f.id.slice(0, 12)}.`,
});

export const swarmUnsupported = refused("LF-DOCKER-SWARM", {
  title: "Networks of swarm scope are not supported",
  explanation:
    "Each host has its own address book, so a network that swarm creates on several hosts would " +
    "give one address twice.",
  detail: (f: { id: string }) => `Network ${f.id.slice(0, 12)} was asked for with scope swarm.`,
  remedy: () => "Create it on each host, with --scope local and an --ip-range of its own.",
});

export const answerLate = refused("LF-DOCKER-DEADLINE", {
  title: "The answer came too late for Docker",
  explanation:
    "Docker waits for its plugins without end, and holds its locks meanwhile. So every call ends " +
    "in time with an answer; what was begun is undone, or ended by reconcile.",
  detail: (f: { method: string; seconds: number }) => `${f.method} took more than ${f.seconds} s.`,
  remedy: () => "Try again when the machine is less busy. landfall status shows what is in flight.",
});

/** Every problem of this folder, for the generated docs. */
export const dockerProblems: readonly ProblemKind<never>[] = [
  containerMissing,
  containerNotRunning,
  engineUnreachable,
  requestUnreadable,
  requestWithoutBody,
  methodUnknown,
  optionUnknown,
  optionLater,
  optionWrong,
  subnetNotGiven,
  poolUnknown,
  networkUnknown,
  swarmUnsupported,
  answerLate,
];
