/**
 * The command line: grammar (argv to Command), handler (Command to Outcome), rendering (Outcome to
 * text). Contract: names, JSON shapes and exit codes are what people's scripts rely on, so they are
 * added to and never renamed; stdout is data, stderr is words. Must not decide anything about
 * networks, read files or touch the kernel: that is behind CliPorts.
 */
export { cliReference } from "./grammar/reference.ts";
export type { LabPort } from "./lab-port.ts";
export type {
  CliPorts,
  CniPort,
  DockerPort,
  Host,
  HostDirectories,
  ServeRequest,
  TextSink,
} from "./ports.ts";
export { cliProblems } from "./problems.ts";
export { runCli } from "./run-cli.ts";
