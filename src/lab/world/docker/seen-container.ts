import { z } from "zod";

const inspection = z.object({
  Name: z.string(),
  State: z.object({ Running: z.boolean(), Pid: z.number() }),
  ResolvConfPath: z.string(),
  HostsPath: z.string(),
  NetworkSettings: z.object({
    Networks: z.record(z.string(), z.object({ MacAddress: z.string() })),
  }),
});

/** What Docker's engine says of a container. */
export type SeenContainer = z.infer<typeof inspection>;

/**
 * Reads what the engine answered to the question for a container of this name. Docker takes a name
 * that it does not know for the beginning of an id, such as "c1": then undefined.
 */
export function readContainer(answer: unknown, name: string): SeenContainer | undefined {
  const seen = inspection.parse(answer);
  return seen.Name === `/${name}` ? seen : undefined;
}
