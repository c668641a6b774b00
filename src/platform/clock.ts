import { type Millis, millis } from "../base/index.ts";
import { clockTime } from "./native.ts";
import type { Clock } from "./platform.ts";

const CLOCK_BOOTTIME = 7;

export const clock: Clock = {
  boottime: () => millis(Number(clockTime(CLOCK_BOOTTIME)) / 1e6),
  wall: () => new Date(),
  sleep,
};

function sleep(duration: Millis, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", finish);
      resolve();
    };
    const timer = setTimeout(finish, duration);
    signal?.addEventListener("abort", finish);
  });
}
