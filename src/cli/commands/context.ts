import type { LabProgress } from "../../lab/index.ts";
import type { Globals } from "../command.ts";
import type { CliPorts } from "../ports.ts";

/** What a handler may use. */
export interface CommandContext {
  readonly ports: CliPorts;
  readonly globals: Globals;
  readonly onProgress: (line: LabProgress) => void;
}
