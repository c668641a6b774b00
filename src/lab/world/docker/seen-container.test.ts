import { expect, test } from "bun:test";
import { readContainer } from "./seen-container.ts";

const answer = {
  Id: "c6f00d",
  Name: "/c4",
  State: { Running: true, Pid: 42 },
  ResolvConfPath: "/run/disk/data/containers/c6f00d/resolv.conf",
  HostsPath: "/run/disk/data/containers/c6f00d/hosts",
  NetworkSettings: { Networks: { lan: { MacAddress: "02:00:00:00:00:01", EndpointID: "e" } } },
};

test("a container is known by its name, and by no beginning of its id", () => {
  expect(readContainer(answer, "c4")?.State.Pid).toBe(42);
  expect(readContainer(answer, "c6")).toBeUndefined();
});
