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
  type PluginName,
  type PluginReply,
} from "./forward/index.ts";
import { descriptors, writerTo } from "./output.ts";
import { type PluginGround, pluginRunner } from "./plugin-runner.ts";

/** As long as the shim waits (ANSWER_S in native/cni-shim.c). */
const PATIENCE = seconds(150);

/** The program as a container runtime starts it, by the name of a plugin; the exit status. */
export async function runAsPlugin(plugin: PluginName): Promise<number> {
  const interrupt = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => interrupt.abort());
  const { CNI_COMMAND } = process.env;
  // A person who wants to know what this is may have nothing to type.
  const stdin = CNI_COMMAND === undefined ? new Uint8Array() : await Bun.stdin.bytes();
  const reply = await answer({ plugin, env: callersWords(process.env), stdin }, interrupt.signal);
  writerTo(descriptors.stderr)(reply.stderr ?? "");
  writerTo(descriptors.stdout)(reply.stdout);
  return reply.exitCode;
}

/** The specification's variables. */
function callersWords(env: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
  const own = Object.entries(env).flatMap(([name, value]) =>
    value !== undefined && (name.startsWith("CNI_") || name === "PATH") ? [[name, value]] : [],
  );
  return Object.fromEntries(own);
}

/** A daemon does it where there is one; VERSION is the same wherever it is answered. */
async function answer(call: PluginCall, signal: AbortSignal): Promise<PluginReply> {
  const { CNI_COMMAND } = call.env;
  if (CNI_COMMAND !== undefined && CNI_COMMAND !== "VERSION") {
    const socket = cniSocket(process.env.LANDFALL_RUN_DIR || defaultDirectories.run);
    const asked = await askDaemon(withNamespace(call), { socket, patience: PATIENCE });
    if (asked.kind === "answered") return asked.reply;
    if (asked.kind === "lost") return lostReply();
  }
  using opened = new DisposableStack();
  const run = pluginRunner(() => openGround(opened));
  return await run(call, signal);
}

function withNamespace(call: PluginCall): PluginCall {
  const { CNI_NETNS } = call.env;
  if (!CNI_NETNS) return call;
  return { ...call, env: { ...call.env, [CALLERS_NETNS]: inodeOf(CNI_NETNS) } };
}

/** What is opened is closed with `stack`; VERSION loads none of it. */
async function openGround(stack: DisposableStack): ReturnType<PluginGround> {
  const { openLocalEngine, openMachine } = await import("./machine.ts");
  const machine = openMachine();
  if (!machine.ok) return machine;
  stack.use(machine.value);
  const stateDirectory = process.env.LANDFALL_STATE_DIR || defaultDirectories.state;
  const local = openLocalEngine(machine.value, { stateDirectory });
  return mapResult(local, (open) => ({ ...machine.value, engine: stack.use(open).engine }));
}
