import type { StoreSalt, StoreUuid } from "../domain/index.ts";
import { memoryStore } from "./memory-store.ts";
import { storeContract } from "./store.contract.ts";

storeContract("memory", () =>
  memoryStore({ uuid: "uuid-1" as StoreUuid, salt: "00" as StoreSalt }),
);
