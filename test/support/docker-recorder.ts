import { rmSync } from "node:fs";

/** One call of the engine, with what it was told. */
export interface RecordedCall {
  /** Such as `NetworkDriver.Join`. */
  readonly method: string;
  /** The JSON body; null where the engine sends none. */
  readonly request: unknown;
  /** Absent where it is 200. */
  readonly status?: number;
  readonly reply: unknown;
  /** How the engine introduces itself; with the first call only. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What the host showed at that moment, where the answer looked. */
  readonly seen?: string;
}

/** An answer: the body, and where it is not 200 the status. */
export type Answer = Pick<RecordedCall, "reply" | "status" | "seen">;

/** How a plugin answers each method. A method without an entry is answered 404. */
export type Answers = Readonly<Record<string, (request: unknown) => Answer | Promise<Answer>>>;

/** A plugin that answers from a table, and writes down what it is asked. */
export interface DockerRecorder extends AsyncDisposable {
  /** Answers from this table from now on. */
  answerWith(answers: Answers): void;
  /** The calls since the last take. */
  take(): readonly RecordedCall[];
}

/** Listens on the socket, with the engine's remote plugin protocol. */
export function openDockerRecorder(socket: string, first: Answers): DockerRecorder {
  let answers = first;
  let calls: RecordedCall[] = [];
  const answer = async (http: Request): Promise<Response> => {
    // Docker 20.10 sends an empty Host, of which Bun makes no whole URL.
    const method = new URL(http.url, "http://plugin").pathname.slice(1);
    const body = await http.text();
    const request: unknown = body === "" ? null : JSON.parse(body);
    const notFound = () => ({ status: 404, reply: "404 page not found" });
    const told = await (answers[method] ?? notFound)(request);
    const isFirst = method === "Plugin.Activate";
    const headers = isFirst ? { headers: Object.fromEntries(http.headers) } : {};
    // In the order of the answers: two calls at once are told apart by what they ask.
    calls.push({ method, request, ...headers, ...told });
    return Response.json(told.reply, { status: told.status ?? 200 });
  };
  const server = Bun.serve({ unix: socket, fetch: answer });
  return {
    answerWith: (next) => {
      answers = next;
    },
    take: () => {
      const taken = calls;
      calls = [];
      return taken;
    },
    [Symbol.asyncDispose]: async () => {
      await server.stop(true);
      rmSync(socket, { force: true });
    },
  };
}
