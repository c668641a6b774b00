import { err, ok, type Result } from "../../base/index.ts";
import type { NetworkConfig } from "./call.ts";
import type { CniError } from "./error.ts";
import { type Decoder, fields, listOf, member, missingKey, text } from "./json.ts";

/** One attachment that a runtime says is valid, in GC. */
export interface ValidAttachment {
  readonly containerId: string;
  readonly ifname: string;
}

const KEY = "cni.dev/valid-attachments";
/** What it was called in drafts of 1.1.0; the reference library sends both. */
const FORMER_KEY = "cni.dev/attachments";

const attachmentFields = fields({ containerID: text, ifname: text });

const decodeAttachment: Decoder<ValidAttachment> = (value, path) => {
  const attachment = attachmentFields(value, path);
  if (!attachment.ok) return attachment;
  const { containerID, ifname } = attachment.value;
  if (containerID === undefined) return err(missingKey(`${path}.containerID`));
  return ifname === undefined
    ? err(missingKey(`${path}.ifname`))
    : ok({ containerId: containerID, ifname });
};

/**
 * The attachments that GC is to leave alone. An empty list is an answer (none is valid), and so is
 * null, which is how Go writes an empty one. A list that is missing is none: everything would go.
 */
export function decodeAttachments({
  object,
}: NetworkConfig): Result<readonly ValidAttachment[], CniError> {
  for (const key of [KEY, FORMER_KEY]) {
    const list = member(object, key);
    if (list !== undefined) return listOf(decodeAttachment)(list, key);
  }
  return err(missingKey(KEY));
}
