import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What the engines of a process left on the machine: cgroups, mounts and files. */
export function dockerLeftovers(pid: number): readonly string[] {
  const mark = `lf-docker-${pid}-`;
  const entries = ["/tmp", "/run", ...cgroupHierarchies()].flatMap((place) =>
    readdirSync(place)
      .filter((name) => name.startsWith(mark))
      .map((name) => join(place, name)),
  );
  const mounts = readFileSync("/proc/self/mounts", "utf8").split("\n");
  return [...entries, ...mounts.filter((line) => line.includes(mark))];
}

/** Where the machine's cgroups are mounted: one place with version 2, many with version 1. */
function cgroupHierarchies(): readonly string[] {
  const mounts = readFileSync("/proc/self/mountinfo", "utf8").trim().split("\n");
  return mounts.flatMap((line) => {
    const [, , , , point] = line.split(" ");
    return / - cgroup2? /.test(line) && point !== undefined ? [point] : [];
  });
}
