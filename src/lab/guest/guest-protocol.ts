import { z } from "zod";
import { err, ok, type Result } from "../../base/index.ts";
import { type Door, doors } from "../format/scenario.ts";
import type { LabProgress, ScenarioReport } from "../report.ts";

/** A scenario as it is handed on: its text, and the name of its file for messages. */
export interface ScenarioText {
  readonly file: string;
  readonly text: string;
}

const taskSchema = z.strictObject({
  scenarios: z.array(z.strictObject({ file: z.string(), text: z.string() })),
  door: z.enum(doors).exactOptional(),
  dockerRoot: z.string().exactOptional(),
  cniPlugins: z.string().exactOptional(),
});

/** What a guest is to do: one file of JSON. */
export interface GuestTask {
  readonly scenarios: readonly ScenarioText[];
  readonly door?: Door;
  readonly dockerRoot?: string;
  readonly cniPlugins?: string;
}

const reachability = z.enum(["reachable", "unreachable"]);

const checkSchema = z.strictObject({
  check: z.string(),
  expected: z.string(),
  predicted: z.string().exactOptional(),
  measured: z.string(),
  because: z.string().exactOptional(),
  ok: z.boolean(),
  evidence: z.array(z.string()).exactOptional(),
});

const cellSchema = z.strictObject({
  from: z.string(),
  to: z.string(),
  expected: reachability,
  measured: reachability,
  because: z.string().exactOptional(),
  ok: z.boolean(),
});

const reportSchema = z.strictObject({
  id: z.string(),
  title: z.string(),
  status: z.enum(["pass", "fail", "skip"]),
  reason: z.string().exactOptional(),
  kernel: z.enum(["host", "uml"]),
  seconds: z.number(),
  checks: z.array(checkSchema),
  matrix: z
    .strictObject({ nodes: z.array(z.string()), cells: z.array(cellSchema) })
    .exactOptional(),
});

const progressSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("scenario"), id: z.string(), title: z.string() }),
  z.strictObject({ kind: z.literal("built"), seconds: z.number(), summary: z.string() }),
  z.strictObject({ kind: z.literal("check"), check: checkSchema }),
  z.strictObject({ kind: z.literal("boot"), scenarios: z.array(z.string()) }),
]);

const messageSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("progress"), line: progressSchema }),
  z.strictObject({ kind: z.literal("report"), report: reportSchema }),
]);

/** What a guest tells, one line of JSON each: how it goes, and a report for each scenario. */
export type GuestMessage =
  | { readonly kind: "progress"; readonly line: LabProgress }
  | { readonly kind: "report"; readonly report: ScenarioReport };

/** Reads a task; what is not one is refused with the reason. */
export function parseTask(text: string): Result<GuestTask, string> {
  return parse(taskSchema, text);
}

/** Reads a line of a guest; what is not a message of this version is refused with the reason. */
export function parseMessage(line: string): Result<GuestMessage, string> {
  return parse(messageSchema, line);
}

function parse<Schema extends z.ZodType>(
  schema: Schema,
  text: string,
): Result<z.output<Schema>, string> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return err(error instanceof Error ? error.message : String(error));
  }
  const parsed = schema.safeParse(value);
  return parsed.success ? ok(parsed.data) : err(z.prettifyError(parsed.error));
}
