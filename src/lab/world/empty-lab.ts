import { defined, err, ok, type Problem, type Result } from "../../base/index.ts";
import { kernelRefused, notPermitted } from "../../domain/index.ts";
import { openRtnetlink, setLink } from "../../netlink/index.ts";
import type { NetnsHandle, Platform, SysError } from "../../platform/index.ts";
import { openKeeper } from "./keeper.ts";
import type { Lab, NodeRole, RunningNode } from "./lab.ts";
import { send } from "./requests.ts";

/** A lab without nodes, to be built up. */
export function emptyLab(platform: Platform, signal: AbortSignal): Lab {
  const nodes = new Map<string, RunningNode>();
  let ifindex = FIRST_IFINDEX;
  const close = (name: string): void => {
    const node = nodes.get(name);
    nodes.delete(name);
    if (node !== undefined) closeNode(node);
  };
  return {
    platform,
    signal,
    nodes,
    node: (name) => defined(nodes.get(name), `node ${name} of the lab`),
    open: (name, role) => {
      const node = openNode({ platform, signal }, name, role);
      if (!node.ok) return node;
      nodes.set(name, node.value);
      const up = send(node.value, [setLink({ link: LOOPBACK, state: "up" })]);
      return up.ok ? node : up;
    },
    close,
    nextIfindex: () => ifindex++,
    [Symbol.dispose]: () => {
      for (const name of [...nodes.keys()]) close(name);
    },
  };
}

const LOOPBACK = { ifindex: 1, name: "lo" };
/** Above those that the kernel hands out itself. */
const FIRST_IFINDEX = 1000;

function closeNode({ keeper, link, netns }: RunningNode): void {
  keeper[Symbol.dispose]();
  link.close();
  netns.close();
}

function openNode(
  { platform, signal }: Pick<Lab, "platform" | "signal">,
  name: string,
  role: (netns: NetnsHandle) => NodeRole,
): Result<RunningNode, Problem> {
  const netns = platform.namespaces.create();
  if (!netns.ok) return err(namespaceProblem(name, netns.error));
  const link = openRtnetlink(platform, netns.value);
  if (!link.ok) {
    netns.value.close();
    return err(namespaceProblem(name, { errno: link.error.errno, call: "socket" }));
  }
  const keeper = openKeeper(name, netns.value, { clock: platform.clock, signal });
  return ok({ name, netns: netns.value, link: link.value, keeper, role: role(netns.value) });
}

function namespaceProblem(name: string, { errno, call }: SysError): Problem {
  const facts = { action: `make a namespace for ${name}`, errno, command: "unshare --net" };
  if (errno === "EPERM") return notPermitted(facts);
  return kernelRefused({ ...facts, message: call, attribute: undefined });
}
