import { extname, join } from "node:path";
import { err, nearest, ok, type Problem, type Result } from "../base/index.ts";
import {
  type ConfList,
  type PluginConf,
  parseConf,
  parseConfList,
  parsePlugin,
} from "./conf-list.ts";
import { listNames, readText } from "./disk.ts";
import { parseJsonObject } from "./json.ts";
import { confMissing, confWrong } from "./problems.ts";
import type { CniNetworkName } from "./values.ts";

/**
 * The configuration of a name in a directory: the first of the `.conflist` files in the order of
 * their names, otherwise the first `.conf` or `.json`. A file that cannot be read hides no other
 * one, and is told when nothing has the name. Errors: LF-CNI-RUN-CONF-MISSING, LF-CNI-RUN-FILE, and
 * those of parseConfList.
 */
export function loadConfList(directory: string, name: CniNetworkName): Result<ConfList, Problem> {
  const names = listNames(directory);
  if (!names.ok) return names;
  const [known, broken]: [string[], Problem[]] = [[], []];
  for (const { path, read } of confFiles(directory, names.value)) {
    const text = readText(path);
    // A file that went away since the directory was listed is none.
    if (text.ok && text.value === undefined) continue;
    const parsed = text.ok ? read(path, text.value ?? "") : text;
    if (!parsed.ok) broken.push(parsed.error);
    else if (parsed.value.name === name) return withMorePlugins(directory, path, parsed.value);
    else known.push(parsed.value.name);
  }
  const meant = nearest(name, known);
  const facts = { name, directory, known, ...(meant === undefined ? {} : { meant }) };
  return err(confMissing(facts, broken));
}

interface ConfFile {
  readonly path: string;
  readonly read: typeof parseConfList;
}

function confFiles(directory: string, names: readonly string[]): readonly ConfFile[] {
  const ending = (...endings: readonly string[]): readonly string[] =>
    names.filter((name) => endings.includes(extname(name))).map((name) => join(directory, name));
  return [
    ...ending(".conflist").map((path) => ({ path, read: parseConfList })),
    ...ending(".conf", ".json").map((path) => ({ path, read: parseConf })),
  ];
}

/** Plugins in files of their own, `DIRECTORY/NETWORK/*.conf`, come after those of the list. */
function withMorePlugins(
  directory: string,
  path: string,
  list: ConfList,
): Result<ConfList, Problem> {
  if (list.morePlugins === "inlined-only") return ok(list);
  const folder = join(directory, list.name);
  const names = listNames(folder);
  if (!names.ok) return names;
  const plugins: PluginConf[] = [...list.plugins];
  for (const name of names.value.filter((one) => extname(one) === ".conf")) {
    const plugin = readPlugin(join(folder, name));
    if (!plugin.ok) return plugin;
    plugins.push(plugin.value);
  }
  if (plugins.length === list.plugins.length && plugins.length > 0) return ok(list);
  if (plugins.length === 0)
    return err(confWrong({ path, reason: `it has no plugins, nor ${folder}` }));
  const objects = plugins.map(({ object }) => object);
  const own = parseJsonObject(list.text);
  const text = JSON.stringify({ ...(own.ok ? own.value : {}), plugins: objects });
  return ok({ ...list, plugins, text });
}

function readPlugin(path: string): Result<PluginConf, Problem> {
  const text = readText(path);
  if (!text.ok) return text;
  const object = parseJsonObject(text.value ?? "");
  if (!object.ok) return err(confWrong({ path, reason: `it ${object.error}` }));
  return parsePlugin(path, "the plugin", object.value);
}
