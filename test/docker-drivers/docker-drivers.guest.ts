import { afterAll, beforeAll, test } from "bun:test";
import { type DockerSite, openDockerSite } from "../support/docker-site.ts";
import { openNameServer } from "../support/open-name-server.ts";
import { type Bench, OUTSIDE, openBench, tidyUp } from "./bench.ts";
import { cases } from "./cases.ts";

/** Run by docker-drivers.uml.test.ts in a kernel that has the drivers: a line for each case. */
const PATIENCE_MS = 240_000;
let site: DockerSite;
let bench: Bench;
let names: AsyncDisposable;

beforeAll(async () => {
  site = await openDockerSite("debian");
  await site.serve();
  names = await openNameServer(site.engine.lan, "10.0.0.1", OUTSIDE);
  bench = await openBench(site);
}, PATIENCE_MS);
afterAll(async () => {
  await names[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
}, PATIENCE_MS);

test.each(cases.map((one) => [one.name, one] as const))(
  "%s",
  async (name, { prove }) => {
    const words = (error: unknown) => [String(error)];
    const wrong = await prove(bench).then(() => [], words);
    const left = await tidyUp(bench).catch(words);
    process.stdout.write(`${JSON.stringify({ name, wrong: [...wrong, ...left] })}\n`);
  },
  PATIENCE_MS,
);
