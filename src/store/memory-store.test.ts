import type { StoreSalt, StoreUuid } from "../domain/index.ts";
import { bookContract } from "./book.contract.ts";
import { holdContract } from "./holds.contract.ts";
import { memoryStore } from "./memory-store.ts";
import { rollBackContract } from "./roll-back.contract.ts";
import { storeContract } from "./store.contract.ts";

const open = () => memoryStore({ uuid: "uuid-1" as StoreUuid, salt: "00" as StoreSalt });

storeContract("memory", open);
bookContract("memory", open);
rollBackContract("memory", open);
holdContract("memory", open);
