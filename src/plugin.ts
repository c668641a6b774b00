import process from "node:process";
import { mapResult, seconds } from "./base/index.ts";
import {
  askDaemon,
  CALLERS_NETNS,
  cniSocket,
  defaultDirectories,
  inodeOf,
  lostReply,
  type PluginCall,
  type PluginReply,
  type StartedPlugin,
} from "./forward/index.ts";
import { readAll } from "./input.ts";
import { descriptors, writerTo } from "./output.ts";
import { endProcess } from "./platform/index.ts";
import { type PluginGround, pluginRunner } from "./plugin-runner.ts";

const STDIN = 0;
/** As long as the shim waits (ANSWER_S in native/cni-shim.c). */
const PATIENCE = seconds(150);

/** The program as a container runtime starts it, by the name of a plugin. */
export async function runAsPlugin({ name, daemon }: StartedPlugin): Promise<never> {
  const { CNI_COMMAND } = process.env;
  // A person who wants to know what this is may have nothing to type. Before the signals have a
  // meaning: nothing is begun yet, and this waits.
  const stdin = CNI_COMMAND === undefined ? new Uint8Array() : readAll(STDIN);
  const interrupt = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => interrupt.abort());
  }
  const call = { plugin: name, env: callersWords(process.env), stdin };
  // VERSION is the same wherever it is answered.
  const asks = daemon === "to ask" && CNI_COMMAND !== undefined && CNI_COMMAND !== "VERSION";
  const reply =
    (asks ? await daemonsReply(call) : undefined) ?? (await ownReply(call, interrupt.signal));
  writerTo(descriptors.stderr)(reply.stderr ?? "");
  writerTo(descriptors.stdout)(reply.stdout);
  // A return would have the book closed, and the runtime wait for the disk twice.
  return endProcess(reply.exitCode);
}

/** The specification's variables. */
function callersWords(env: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
  const own = Object.entries(env).flatMap(([name, value]) =>
    value !== undefined && (name.startsWith("CNI_") || name === "PATH") ? [[name, value]] : [],
  );
  return Object.fromEntries(own);
}

/** Undefined where no daemon took the call. */
async function daemonsReply(call: PluginCall): Promise<PluginReply | undefined> {
  const socket = cniSocket(process.env.LANDFALL_RUN_DIR || defaultDirectories.run);
  const asked = await askDaemon(withNamespace(call), { socket, patience: PATIENCE });
  if (asked.kind === "answered") return asked.reply;
  return asked.kind === "lost" ? lostReply() : undefined;
}

async function ownReply(call: PluginCall, signal: AbortSignal): Promise<PluginReply> {
  return await pluginRunner(openGround)(call, signal);
}

function withNamespace(call: PluginCall): PluginCall {
  const { CNI_NETNS } = call.env;
  if (!CNI_NETNS) return call;
  return { ...call, env: { ...call.env, [CALLERS_NETNS]: inodeOf(CNI_NETNS) } };
}

/** VERSION loads none of it. What is opened here is closed by the end of the process. */
async function openGround(): ReturnType<PluginGround> {
  const { openLocalEngine, openMachine } = await import("./machine.ts");
  const machine = openMachine();
  if (!machine.ok) return machine;
  const stateDirectory = process.env.LANDFALL_STATE_DIR || defaultDirectories.state;
  const local = openLocalEngine(machine.value, { stateDirectory, life: "one call" });
  return mapResult(local, ({ engine }) => ({ ...machine.value, engine }));
}
