import type { Answers } from "../docker-recorder.ts";

/** A step: a `docker` command, something done to the engine, or a command on its host. */
export type Step =
  | { readonly kind: "docker"; readonly words: string }
  | { readonly kind: "engine"; readonly act: "stop" | "kill" | "start" }
  | { readonly kind: "host"; readonly words: string };

/** What one fixture records. */
export interface DockerCase {
  readonly name: string;
  readonly about: string;
  /** What the stand-in answers otherwise than of its own. */
  readonly answers?: (own: Answers) => Answers;
  readonly steps: readonly Step[];
}

export const SUBNET = "--subnet 10.0.0.0/24 --gateway 10.0.0.1 --ip-range 10.0.0.128/25";
const OURS = "-d landfall --ipam-driver landfall -o parent=p0";

/** Words are parted by one space; there is no quoting. */
export const docker = (...words: readonly string[]): Step => ({
  kind: "docker",
  words: words.filter((word) => word !== "").join(" "),
});
export const host = (words: string): Step => ({ kind: "host", words });
export const engine = (act: "stop" | "kill" | "start"): Step => ({ kind: "engine", act });

/** A network of our driver and IPAM. */
export const create = (options: string, name = "n1"): Step =>
  docker("network create", OURS, options, name);
export const run = (options = ""): Step =>
  docker("run -d --name c1 --network n1", options, "busybox");
/** A command in the container. */
export const at = (words: string): Step => docker("exec c1", words);
export const remove = docker("rm -f c1");
export const removeNetwork = docker("network rm n1");
export const showLinks = host("ip -o link show type macvlan");
export const showStates = docker("ps --all --format {{.Names}}:{{.State}}");
