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
  const ending = new AbortController();
  const adopt: Lab["adopt"] = (name, netns, role) => {
    const node = openNode({ platform, signal }, name, netns, role);
    if (node.ok) nodes.set(name, node.value);
    return node;
  };
  return {
    platform,
    signal,
    ending: ending.signal,
    nodes,
    node: (name) => defined(nodes.get(name), `node ${name} of the lab`),
    open: (name, role) => {
      const netns = platform.namespaces.create();
      if (!netns.ok) return err(namespaceProblem(name, netns.error));
      const node = adopt(name, netns.value, role(netns.value));
      if (!node.ok) return node;
      const up = send(node.value, [setLink({ link: LOOPBACK, state: "up" })]);
      return up.ok ? node : up;
    },
    adopt,
    close,
    nextIfindex: () => ifindex++,
    [Symbol.asyncDispose]: async () => {
      ending.abort();
      const doors = [...nodes.values()].flatMap(({ role }) =>
        role.kind === "host" ? role.door : [],
      );
      await Promise.all(doors.map((door) => door[Symbol.asyncDispose]()));
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
  netns: NetnsHandle,
  role: NodeRole,
): Result<RunningNode, Problem> {
  const link = openRtnetlink(platform, netns);
  if (!link.ok) {
    netns.close();
    return err(namespaceProblem(name, { errno: link.error.errno, call: "socket" }));
  }
  const keeper = openKeeper(name, netns, { clock: platform.clock, signal });
  return ok({ name, netns, link: link.value, keeper, role });
}

function namespaceProblem(name: string, { errno, call }: SysError): Problem {
  const facts = { action: `make a namespace for ${name}`, errno, command: "unshare --net" };
  if (errno === "EPERM") return notPermitted(facts);
  return kernelRefused({ ...facts, message: call, attribute: undefined });
}
