import { join } from "node:path";
import { type Client, credentials, loadPackageDefinition, type ServiceError } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

/** What is asked of a container runtime, as kubelet does. */
export interface Cri extends Disposable {
  /** Asks one method of RuntimeService; the runtime's error is thrown. */
  ask(method: string, request: object): Promise<CriAnswer>;
}

/** What an answer says, as far as tests look into it. */
export interface CriAnswer {
  readonly runtime_version?: string;
  readonly pod_sandbox_id?: string;
  readonly status?: {
    readonly network?: { readonly ip: string };
    readonly conditions?: readonly { readonly type: string; readonly status: boolean }[];
  };
  readonly info?: Readonly<Record<string, string>>;
}

const DEADLINE_MS = 60_000;

/** Opens a connection to a runtime's socket. */
export function openCri(socket: string): Cri {
  const definition = loadSync(join(import.meta.dirname, "cri.proto"), {
    keepCase: true,
    defaults: true,
  });
  const loaded = loadPackageDefinition(definition) as unknown as {
    readonly runtime: { readonly v1: { readonly RuntimeService: CriService } };
  };
  // Without a name of a host gRPC would send the path as one, which the runtime refuses.
  const options = { "grpc.default_authority": "localhost" };
  const secrets = credentials.createInsecure();
  const client = new loaded.runtime.v1.RuntimeService(`unix:${socket}`, secrets, options);
  return {
    ask: (method, request) =>
      new Promise((resolve, reject) => {
        const call = client[method];
        if (typeof call !== "function") throw new Error(`no method ${method}`);
        const told = (error: ServiceError | null, answer: CriAnswer): void => {
          if (error === null) resolve(answer);
          else reject(new Error(`${method}: ${error.details}`));
        };
        call.call(client, request, { deadline: Date.now() + DEADLINE_MS }, told);
      }),
    [Symbol.dispose]: () => client.close(),
  };
}

type CriService = new (
  address: string,
  secrets: ReturnType<typeof credentials.createInsecure>,
  options: object,
) => Client & Readonly<Record<string, unknown>>;
