import type { Dns } from "../spec/result.ts";

/** The name servers of a file in the format of resolv.conf(5), as `host-local` reads it. */
export function parseResolvConf(text: string): Dns {
  const rows = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#") && !line.startsWith(";"))
    .map((line) => line.split(/\s+/));
  const valuesOf = (key: string) =>
    rows.filter(([word]) => word === key).map((row) => row.slice(1));
  const domain = valuesOf("domain").at(-1)?.[0];
  return {
    nameservers: valuesOf("nameserver").flatMap(([address]) => address ?? []),
    ...(domain === undefined ? {} : { domain }),
    search: valuesOf("search").flat(),
    options: valuesOf("options").flat(),
  };
}
