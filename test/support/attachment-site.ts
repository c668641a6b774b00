import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NetworkSpec, StoreSalt, StoreUuid } from "../../src/domain/index.ts";
import {
  type AttachmentRequest,
  fileLocks,
  type LocalEngine,
  openEngine,
} from "../../src/engine/index.ts";
import type { NetnsHandle, Platform } from "../../src/platform/index.ts";
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
  const locks = fileLocks(lan.platform.files, join(root, "operations.lock"));
  const engineOn = (platform: Platform) =>
    openEngine({ platform, hostNamespace: lan.host, store, locks });
  const engine = engineOn(lan.platform);
  const { attachments } = engine;
  must(await attachments.ensureNetwork(podsSpec(spec)));
  const add = (
    netns: NetnsHandle,
    change: Partial<AttachmentRequest> = {},
    by: LocalEngine = engine,
  ) => {
    const sandbox = { netns, path: pathOf(netns) };
    return by.attachments.add(
      addRequest(netns, { sandbox, allocationFiles: { directory }, ...change }),
    );
  };
  const files = () =>
    (existsSync(directory) ? readdirSync(directory) : []).filter(
      (name) => !/^(lock|last_)/.test(name),
    );
  const close = () => {
    lan[Symbol.dispose]();
    rmSync(root, { recursive: true });
  };
  const parts = { lan, root, directory, engine, engineOn, attachments, add, files };
  return { ...parts, [Symbol.dispose]: close };
}
