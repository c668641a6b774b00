import type { Millis, Problem, Result } from "../base/index.ts";
import type { RunReport, RunRequest } from "../cnirun/index.ts";
import type { Engine } from "../engine/index.ts";
import type { CniInstallRequest, InstallReport, InstallRequest } from "../install/index.ts";
import type { NetnsHandle, SysResult } from "../platform/index.ts";
import type { DockerSocket, SandboxPath } from "./command.ts";
import type { LabPort } from "./lab-port.ts";

/** Everything outside the process that the command line touches; the composition root fills it. */
export interface CliPorts {
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  /** Opens this host with the state in these directories. Labs never call it. */
  readonly openHost: (directories: HostDirectories) => Promise<Result<Host, Problem>>;
  /** Serves until `signal` fires; a clean end is a success. */
  readonly serve: (request: ServeRequest) => Promise<Result<void, Problem>>;
  readonly lab: LabPort;
  readonly docker: DockerPort;
  readonly cni: CniPort;
  /** Runs CNI plugins, as a container runtime does. */
  readonly runCni: (request: RunRequest) => Promise<Result<RunReport, Problem>>;
  /** Fires when the user wants it to end. */
  readonly signal: AbortSignal;
}

/** Hands the daemon to systemd, as a network driver of Docker, and takes it back. */
export interface DockerPort {
  install(request: InstallRequest): Promise<Result<InstallReport, Problem>>;
  uninstall(request: InstallRequest): Promise<Result<InstallReport, Problem>>;
}

/** Puts CNI plugins where a runtime finds them, and takes them away. */
export interface CniPort {
  install(request: CniInstallRequest): Promise<Result<InstallReport, Problem>>;
  uninstall(request: CniInstallRequest): Promise<Result<InstallReport, Problem>>;
}

/** Where text goes, and whether a person reads it there. */
export interface TextSink {
  readonly isTty: boolean;
  write(text: string): void;
}

export interface HostDirectories {
  readonly stateDirectory: string;
  readonly stateOrigin: "given" | "default";
  readonly runDirectory: string;
}

/** What `landfall daemon` was asked for. */
export interface ServeRequest {
  readonly directories: HostDirectories;
  readonly interval: Millis;
  readonly docker: DockerSocket;
  readonly logFormat: "text" | "json";
}

/**
 * The running host: its engine, which may be a daemon's, and the door to its sandboxes. Disposing
 * closes the store.
 */
export interface Host extends Disposable {
  readonly engine: Engine;
  openNamespace(path: string): SysResult<NetnsHandle>;
  /** The sandbox of a running container of an engine with Docker's API. */
  findContainer(container: string): Promise<Result<SandboxPath, Problem>>;
}
