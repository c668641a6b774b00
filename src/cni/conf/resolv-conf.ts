import type { Dns } from "../spec/result.ts";

/** The servers and domains of a file in the format of resolv.conf(5). */
export function parseResolvConf(text: string): Dns {
  const lists = { nameserver: [] as string[], search: [] as string[], options: [] as string[] };
  let domain: string | undefined;
  for (const line of text.split("\n")) {
    const [key = "", ...words] = line.trim().split(/\s+/);
    const [first] = words;
    if (first === undefined) continue;
    if (key === "nameserver") lists.nameserver.push(first);
    if (key === "domain") domain = first;
    if (key === "search" || key === "options") lists[key].push(...words);
  }
  const { nameserver: nameservers, search, options } = lists;
  return { nameservers, search, options, ...(domain === undefined ? {} : { domain }) };
}
