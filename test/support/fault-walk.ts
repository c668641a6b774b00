import { seconds } from "../../src/base/index.ts";
import { faultyPlatform, type Platform } from "../../src/platform/index.ts";
import type { FakeHost } from "./fake-host.ts";
import type { KernelFault } from "./fake-kernel.ts";

/** More than any operation asks of the kernel. */
const ENOUGH = 100;

/** How a round of a fault walk ended: the fault was met, or there are not so many requests. */
export type End = "reached" | "passed";

/** `work` while a request to the fake kernel goes wrong, and whether it came that far. */
export async function withFault<T>(
  { kernel, platform }: FakeHost,
  fault: KernelFault,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly end: End }> {
  // What was seen in the round before is to be looked at again.
  await platform.clock.sleep(seconds(1));
  kernel.inject(fault);
  const result = await work();
  const end = kernel.requests() >= fault.at ? "reached" : "passed";
  kernel.inject(undefined);
  return { result, end };
}

/** Rounds with fault 1, 2, … until one passes without it; returns how many did not. */
export async function walk(round: (at: number) => Promise<End>): Promise<number> {
  for (let at = 1; at < ENOUGH; at++) if ((await round(at)) === "passed") return at - 1;
  throw new Error("the fault walk does not end");
}

/** As `walk`, with the n-th request of any kind refused by a decorator of the platform. */
export function walkRefusals(
  platform: Platform,
  round: (faulty: ReturnType<typeof faultyPlatform>, at: number) => Promise<End>,
): Promise<number> {
  return walk((at) => round(faultyPlatform(platform, { failAt: at, errno: "ENOMEM" }), at));
}
