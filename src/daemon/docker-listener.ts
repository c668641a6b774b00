import { getLogger } from "@logtape/logtape";
import type { Problem } from "../base/index.ts";

/** Told of what happens in a call of Docker's. */
export interface DockerListener {
  bug(error: Error, call: string): void;
  refused(problem: Problem, call: string): void;
  warned(problem: Problem, call: string): void;
}

/** Writes into the daemon's log what Docker only half shows to whoever asked. */
export function dockerListener(): DockerListener {
  const logger = getLogger(["landfall", "docker"]);
  return {
    bug: ({ stack, message }, call) =>
      logger.error("A bug in {call}: {stack}", { call, stack: stack ?? message }),
    refused: ({ code, detail }, call) =>
      logger.warn("Docker was refused {call}: {code}: {detail}", { call, code, detail }),
    warned: ({ code, detail }, call) => logger.warn("{call}: {detail}", { call, code, detail }),
  };
}
