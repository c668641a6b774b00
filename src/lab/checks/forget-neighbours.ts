import { err, ok, type Problem, type Result } from "../../base/index.ts";
import { deleteNeighbour, listNeighbours, type Neighbour } from "../../netlink/index.ts";
import type { RunningNode } from "../world/lab.ts";
import { refusedOn } from "../world/requests.ts";

/** Has a node forget the neighbours whose every state is `learned`. */
export function forgetNeighbours(
  node: RunningNode,
  learned: (state: Neighbour["states"][number]) => boolean,
): Result<void, Problem> {
  const neighbours = node.link.dump(listNeighbours());
  if (!neighbours.ok) return err(refusedOn(node.name, neighbours.error));
  const requests = neighbours.value
    .filter(({ states }) => states.every(learned))
    .map(({ ip, ifindex }) => deleteNeighbour({ ip, link: { ifindex } }));
  for (const answer of node.link.execute(requests)) {
    // ENOENT: the kernel dropped the entry meanwhile.
    if (!answer.ok && answer.error.errno !== "ENOENT") {
      return err(refusedOn(node.name, answer.error));
    }
  }
  return ok();
}
