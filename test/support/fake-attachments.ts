import type { AttachmentRequest } from "../../src/engine/index.ts";
import { addRequest, directory, podsSpec } from "./attachments.ts";
import { type FakeHost, openFakeHost } from "./fake-host.ts";
import { must } from "./must.ts";

/** A host on the fake kernel with the network of a configuration, and one sandbox. */
export async function openSite(kind: "memory" | "sqlite" = "memory") {
  const host = openFakeHost(kind);
  const { attachments } = host.engine;
  must(await attachments.ensureNetwork(podsSpec()));
  const sandbox = host.sandbox();
  const add = (change: Partial<AttachmentRequest> = {}) =>
    attachments.add(addRequest(sandbox, change));
  return { host, attachments, sandbox, add, [Symbol.dispose]: () => host[Symbol.dispose]() };
}

/** The files of host-local, without its lock. */
export const filesIn = ({ platform: { files } }: FakeHost): Record<string, string> => {
  const names = must(files.list(directory)).filter((name) => name !== "lock");
  return Object.fromEntries(
    names.map((name) => [name, must(files.readText(`${directory}/${name}`))]),
  );
};
