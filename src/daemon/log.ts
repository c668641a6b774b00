import {
  configure,
  dispose,
  getJsonLinesFormatter,
  getLogger,
  getTextFormatter,
  type Logger,
} from "@logtape/logtape";

export type { Logger } from "@logtape/logtape";

/** Lines for people, or one JSON object a line. */
export type LogFormat = "text" | "json";

/** Where and how the daemon tells what it does. */
export interface LogSink {
  readonly format: LogFormat;
  write(line: string): void;
}

/** A log that is open until it is disposed of. */
export interface Log extends AsyncDisposable {
  readonly logger: Logger;
}

/** Starts to log; there is one log in a process. */
export async function openLog({ format, write }: LogSink): Promise<Log> {
  const formatter =
    format === "json"
      ? getJsonLinesFormatter()
      : getTextFormatter({ timestamp: "rfc3339", value: String });
  await configure({
    reset: true,
    sinks: { stderr: (record) => write(formatter(record)) },
    loggers: [
      { category: ["landfall"], lowestLevel: "info", sinks: ["stderr"] },
      // LogTape's own words about itself.
      { category: ["logtape"], lowestLevel: "warning", sinks: ["stderr"] },
    ],
  });
  return { logger: getLogger(["landfall"]), [Symbol.asyncDispose]: dispose };
}
