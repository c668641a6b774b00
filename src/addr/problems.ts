import { defineProblem, ExitCode, type ProblemCode, type ProblemKind } from "../base/index.ts";

/** Why a text was refused. */
export type InvalidText = {
  /** The text as people may see it: quoted, escaped, cut when long. */
  readonly input: string;
  /** What it should have been: "an IPv4 address". */
  readonly what: string;
  /** A clause about the text: "octet 2 \"010\" has a leading zero". */
  readonly reason: string;
  /** A right text of this kind. */
  readonly example: string;
  /** The text that was probably meant, where that is certain enough to propose. */
  readonly meant: string | undefined;
};

/** Commands that show the host's own values of this kind. */
const SHOW_LINKS = "ip -br link";
const SHOW_ADDRESSES = "ip -br address";

function invalidText(
  code: ProblemCode,
  command: string,
  [title, explanation]: readonly [title: string, explanation: string],
): ProblemKind<InvalidText> {
  return defineProblem<InvalidText>(code, {
    title,
    explanation,
    exitCode: ExitCode.usage,
    // "Invalid network config" in the CNI specification.
    cniCode: 7,
    retryable: false,
    detail: ({ input, what, reason }) => `${input} is not ${what}: ${reason}.`,
    remedy: ({ example, meant }) =>
      meant === undefined ? `Write it like "${example}".` : `Write "${meant}".`,
    command: () => command,
  });
}

export const macInvalid = invalidText("LF-MAC-INVALID", SHOW_LINKS, [
  "Not a MAC address",
  "A MAC address is written as six groups of two hexadecimal digits, separated by colons or all " +
    "by hyphens. Dotted, undivided and shortened forms are refused.",
]);

export const addressInvalid = invalidText("LF-ADDRESS-INVALID", SHOW_ADDRESSES, [
  "Not an IP address",
  "An IPv4 address is four decimal octets without leading zeros, because programs disagree on " +
    "whether 010 is eight or ten. An IPv6 address follows RFC 4291 section 2.2, without zone id. " +
    "Where the address of an interface is asked for, a prefix length follows it.",
]);

export const prefixInvalid = invalidText("LF-PREFIX-INVALID", SHOW_ADDRESSES, [
  "Not an IP prefix",
  "A prefix is the first address of a network and a length, such as 10.0.0.0/24. Host bits are " +
    "refused, because the network may not be the one that was meant.",
]);

export const rangeInvalid = invalidText("LF-RANGE-INVALID", SHOW_ADDRESSES, [
  "Not an address range",
  "A range is a first and a last address of the same IP version joined by a hyphen, or a prefix, " +
    "or one address. The last address is not below the first.",
]);

/** The catalogue rows of this folder. */
export const addrProblems: readonly ProblemKind<InvalidText>[] = [
  macInvalid,
  addressInvalid,
  prefixInvalid,
  rangeInvalid,
];
