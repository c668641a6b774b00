import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NetworkSpec, StoreSalt, StoreUuid } from "../../src/domain/index.ts";
import { type AttachmentRequest, fileLocks, openEngine } from "../../src/engine/index.ts";
import type { NetnsHandle } from "../../src/platform/index.ts";
import { memoryStore } from "../../src/store/index.ts";
import { addRequest, podsSpec } from "./attachments.ts";
import { openLan, pathOf } from "./lan.ts";
import { must } from "./must.ts";

/** The configuration "pods" on the running kernel, with its files in a directory of its own. */
export async function openAttachmentSite(spec: Partial<NetworkSpec> = {}) {
  const lan = openLan();
  const root = mkdtempSync(join(tmpdir(), "landfall-attachments-"));
  const directory = join(root, "networks", "pods");
  const store = memoryStore({ uuid: "u" as StoreUuid, salt: "00" as StoreSalt });
  const locks = fileLocks(lan.platform.files, root);
  const { platform, host: hostNamespace } = lan;
  const engine = openEngine({ platform, hostNamespace, store, locks });
  const { attachments } = engine;
  must(await attachments.ensureNetwork(podsSpec(spec)));
  const add = (netns: NetnsHandle, change: Partial<AttachmentRequest> = {}) => {
    const sandbox = { netns, path: pathOf(netns) };
    return attachments.add(
      addRequest(netns, { sandbox, allocationFiles: { directory }, ...change }),
    );
  };
  const files = () => readdirSync(directory).filter((name) => !/^(lock|last_)/.test(name));
  const close = () => {
    lan[Symbol.dispose]();
    rmSync(root, { recursive: true });
  };
  return { lan, root, directory, engine, attachments, add, files, [Symbol.dispose]: close };
}
