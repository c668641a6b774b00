import {
  type Err,
  err,
  mapError,
  type Problem,
  type ProblemKind,
  type Result,
} from "../base/index.ts";
import type { InvalidText } from "./problems.ts";

/** Why a reader refused a text, before it is known which kind of text was asked for. */
export interface Refusal {
  readonly reason: string;
  readonly meant: string | undefined;
}

/** One kind of text: how it is read, and how its refusals are told. */
export interface Grammar<T> {
  readonly what: string;
  readonly example: string;
  readonly problem: ProblemKind<InvalidText>;
  readonly read: (text: string) => Result<T, Refusal>;
}

/** Every legal text is shorter: two full IPv6 addresses and a hyphen are 91 characters. */
const longestText = 100;

export function refuse(reason: string, meant?: string): Err<Refusal> {
  return err({ reason, meant });
}

/** Reads `input` as text of one kind; what is not even text is a Problem like any other. */
export function parseWith<T>(grammar: Grammar<T>, input: unknown): Result<T, Problem> {
  return explainRefusal(grammar, show(input), readText(grammar, input));
}

/** Turns the refusal of `input` (as shown to people) into the grammar's Problem. */
export function explainRefusal<T>(
  { what, example, problem }: Grammar<T>,
  input: string,
  result: Result<T, Refusal>,
): Result<T, Problem> {
  return mapError(result, (refusal) => problem({ input, what, example, ...refusal }));
}

/** In double quotes; escapes all but printable ASCII, for input may hold terminal control codes. */
export function quote(text: string): string {
  return JSON.stringify(text).replace(
    /[^ -~]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function readText<T>(grammar: Grammar<T>, input: unknown): Result<T, Refusal> {
  if (typeof input !== "string") return refuse("it is not text");
  if (input === "") return refuse("it is empty");
  if (input.length > longestText) return refuse(`it has ${input.length} characters`);
  if (/\s/.test(input)) return refuse("it contains white space");
  return grammar.read(input);
}

function show(input: unknown): string {
  switch (typeof input) {
    case "string":
      return quote(input.length > longestText ? `${input.slice(0, longestText)}...` : input);
    case "object":
      return input === null ? "null" : "an object";
    case "function":
    case "symbol":
      return `a ${typeof input}`;
    default:
      return String(input);
  }
}
