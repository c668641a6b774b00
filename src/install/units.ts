import service from "../../packaging/systemd/landfall.service" with { type: "text" };
import socket from "../../packaging/systemd/landfall.socket" with { type: "text" };
import { assert } from "../base/index.ts";
import { execPath } from "./words.ts";

/** A unit as it is to be. */
export interface Unit {
  readonly name: string;
  readonly text: string;
}

/** Where an administrator's units are; /usr/lib is for packages (systemd.unit(5)). */
export const UNIT_DIRECTORY = "/etc/systemd/system";

/** What landfall.socket listens at. */
export const DOCKER_SOCKET = "/run/docker/plugins/landfall.sock";

const PACKAGED_START = "ExecStart=/usr/bin/landfall daemon";
const MARK = "# Written by landfall docker install; a change makes it yours:";

/** The units that start the program at `path`, the socket first. */
export function unitsFor(path: string): readonly Unit[] {
  assert(service.includes(PACKAGED_START), "landfall.service starts /usr/bin/landfall");
  const start = `ExecStart=${execPath(path)} daemon`;
  return [
    { name: "landfall.socket", text: sealed(socket) },
    { name: "landfall.service", text: sealed(service.replace(PACKAGED_START, () => start)) },
  ];
}

/** The first line seals the others, so that also another version knows what nobody changed. */
function sealed(body: string): string {
  return `${MARK} ${digest(body)}\n${body}`;
}

/** Whether this is what some version of this program wrote, to the letter. */
export function isSealed(text: string): boolean {
  const end = text.indexOf("\n");
  const body = text.slice(end + 1);
  return end >= 0 && text.slice(0, end) === `${MARK} ${digest(body)}`;
}

function digest(text: string): string {
  return new Bun.CryptoHasher("sha256").update(text).digest("hex").slice(0, 32);
}
