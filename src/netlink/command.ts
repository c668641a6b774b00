/**
 * A link of the namespace that a request is sent into. `name` only serves the equivalent
 * command.
 */
export interface LinkRef {
  readonly ifindex: number;
  readonly name?: string;
}

/** A namespace to create or move a link into. `path` only serves the equivalent command. */
export interface NetnsRef {
  readonly fd: number;
  /** "/run/netns/a", or a name below /run/netns. */
  readonly path?: string;
}

/** A list of words; an empty one leaves no trace in the command. */
export type Words = readonly string[];

/**
 * How `ip` calls a link: by name, or `if12` where the name is not known (ll_idx_a2n in
 * iproute2).
 */
export function linkName(link: LinkRef): string {
  return link.name ?? `if${link.ifindex}`;
}

/** How `ip` calls a namespace. */
export function netnsPath(netns: NetnsRef): string {
  return netns.path ?? `/proc/self/fd/${netns.fd}`;
}

/** `name value`, or nothing when there is no value. */
export function option(name: string, value: string | number | undefined): Words {
  return value === undefined ? [] : [name, `${value}`];
}

/** `name on` or `name off`, or nothing when there is no value. */
export function onOff(name: string, value: boolean | undefined): Words {
  return value === undefined ? [] : [name, value ? "on" : "off"];
}

/** `name 1` or `name 0`, or nothing when there is no value. */
export function oneZero(name: string, value: boolean | undefined): Words {
  return value === undefined ? [] : [name, value ? "1" : "0"];
}

/** A command that a shell takes as it is; the first part is words already. */
export function commandLine(command: string, ...parts: readonly Words[]): string {
  return [command, ...parts.flat().map(quote)].join(" ");
}

function quote(word: string): string {
  return /^[\w./:@,=+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
