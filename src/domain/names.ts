import { type Brand, err, ok, type Problem, type Result } from "../base/index.ts";
import { nameInvalid } from "./problems.ts";

/** What a user calls a network. */
export type NetworkName = Brand<string, "NetworkName">;
/** What a user calls the thing that an endpoint belongs to: a container, a pod, a machine. */
export type WorkloadName = Brand<string, "WorkloadName">;
/** The name of a link: at most 15 bytes (IFNAMSIZ - 1). */
export type IfName = Brand<string, "IfName">;

const NETWORK_NAME_MAX = 63;
const WORKLOAD_NAME_MAX = 255;
const IFNAME_BYTES_MAX = 15;

const wordPattern = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;

/** A name as Docker and Kubernetes accept it: begins with a letter or digit, then also `_ . -`. */
export function parseNetworkName(text: unknown): Result<NetworkName, Problem> {
  return parseWord(text, "network name", NETWORK_NAME_MAX) as Result<NetworkName, Problem>;
}

/** A name of a container or pod: the same rules, up to 255 characters. */
export function parseWorkloadName(text: unknown): Result<WorkloadName, Problem> {
  return parseWord(text, "workload name", WORKLOAD_NAME_MAX) as Result<WorkloadName, Problem>;
}

function parseWord(text: unknown, what: string, max: number): Result<string, Problem> {
  const name = typeof text === "string" ? text : "";
  if (name.length > max) return refuse(name, what, `it has ${name.length} characters, ${max} fit`);
  if (wordPattern.test(name)) return ok(name);
  const reason =
    name === ""
      ? "it is empty"
      : "it may hold letters, digits, '_', '.' and '-', and begins with a letter or digit";
  return refuse(name, what, reason);
}

/** Directories beside those of the links in /proc/sys/net/ipv4/conf (devinet_sysctl_register()). */
const sysctlDirectories: readonly string[] = ["all", "default"];
/**
 * The kernel's isspace() goes by byte and takes this for Latin-1's no-break space (lib/ctype.c).
 */
const LATIN1_NO_BREAK_SPACE = 0xa0;

/**
 * A link name that the kernel accepts: net/core/dev.c, dev_valid_name(), and without "%", which it
 * takes for a pattern (dev_prep_valid_name()). White space of Unicode is refused besides.
 */
export function parseIfName(text: unknown): Result<IfName, Problem> {
  const name = typeof text === "string" ? text : "";
  const what = "link name";
  const bytes = new TextEncoder().encode(name);
  if (bytes.length === 0) return refuse(name, what, "it is empty");
  if (bytes.length > IFNAME_BYTES_MAX) {
    const reason = `it has ${bytes.length} bytes, the kernel allows ${IFNAME_BYTES_MAX}`;
    return refuse(name, what, reason);
  }
  if (name === "." || name === ".." || sysctlDirectories.includes(name)) {
    return refuse(name, what, "it is a directory of the kernel's");
  }
  const bad = /[/:%\s\0]/.exec(name)?.[0];
  if (bad !== undefined) return refuse(name, what, `it holds ${JSON.stringify(bad)}`);
  if (!name.isWellFormed()) return refuse(name, what, "it is not Unicode text");
  if (bytes.includes(LATIN1_NO_BREAK_SPACE)) {
    return refuse(name, what, "the kernel takes byte a0 of its UTF-8 for white space");
  }
  return ok(name as IfName);
}

function refuse(name: string, what: string, reason: string): Result<never, Problem> {
  return err(nameInvalid({ name: JSON.stringify(name.slice(0, 80)), what, reason }));
}
