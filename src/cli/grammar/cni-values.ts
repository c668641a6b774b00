import { err, mapResult, ok } from "../../base/index.ts";
import {
  type AttachmentName,
  type CniArg,
  type CniNetworkName,
  type ContainerId,
  type JsonObject,
  parseCapabilityArgs,
  parseCniArg,
  parseCniNetworkName,
  parseContainerId,
} from "../../cnirun/index.ts";
import { parseIfName } from "../../domain/index.ts";
import { namespacePath, parsedBy, type Value } from "./value-parsers.ts";

export const cniNetwork: Value<CniNetworkName> = parsedBy({
  metavar: "NAME",
  parse: parseCniNetworkName,
});

export const containerId: Value<ContainerId> = parsedBy({
  metavar: "ID",
  parse: parseContainerId,
});

export const cniArg: Value<CniArg> = parsedBy({ metavar: "KEY=VALUE", parse: parseCniArg });

export const capabilityArgs: Value<JsonObject> = parsedBy({
  metavar: "JSON",
  parse: parseCapabilityArgs,
});

/** "" says that there is none any more. */
export const formerNamespace: Value<string> = parsedBy({
  metavar: "PATH",
  parse: (text) => (text === "" ? ok("") : namespacePath(text)),
});

/** "ID/IFNAME". */
export const attachmentName: Value<AttachmentName> = parsedBy({
  metavar: "ID/IFNAME",
  parse: (text) => {
    const [id = "", name, ...rest] = text.split("/");
    if (name === undefined || rest.length > 0) {
      return err(`${JSON.stringify(text)} is no attachment such as "web/eth0".`);
    }
    const container = parseContainerId(id);
    if (!container.ok) return container;
    return mapResult(parseIfName(name), (ifname) => ({ containerId: container.value, ifname }));
  },
});
