import { millis, minutes } from "../base/index.ts";
import type { NetworkId, Operation, OperationId } from "../domain/index.ts";
import type { EngineDeps } from "./deps.ts";

/** How long an operation may take: far longer than a slow one does, for it is undone then. */
const OPERATION_DEADLINE = minutes(2);

/** What every operation that begins now has. */
export function newOperation(
  { platform }: EngineDeps,
  id: OperationId,
  network: NetworkId,
): Pick<Operation, "id" | "network" | "bootId" | "startedAt" | "deadline"> {
  const startedAt = platform.clock.boottime();
  const deadline = millis(startedAt + OPERATION_DEADLINE);
  return { id, network, bootId: platform.process.bootId, startedAt, deadline };
}
