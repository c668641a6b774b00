import { expect, test } from "bun:test";
import { accepted, refused } from "../domain/testing.ts";
import { parseEndpointOptions } from "./endpoint-options.ts";

test("what Docker 28 said of a container with a chosen MAC and ports", () => {
  const options = accepted(
    parseEndpointOptions({
      "com.docker.network.endpoint.dnsservers": ["10.0.0.1"],
      "com.docker.network.endpoint.exposedports": [{ Proto: 6, Port: 80 }],
      "com.docker.network.endpoint.macaddress": "AgAAAABQ",
      "com.docker.network.endpoint.ifname": "lan0",
      "com.docker.network.portmap": [{ Proto: 6, IP: "", Port: 80, HostIP: "", HostPort: 8080 }],
      workload: "web",
    }),
  );
  expect(options as object).toEqual({ mac: "02:00:00:00:00:50", ifname: "lan0", workload: "web" });
});

test("nothing said is nothing asked", () => {
  expect(accepted(parseEndpointOptions({}))).toEqual({});
  expect(accepted(parseEndpointOptions({ workload: "" }))).toEqual({});
});

const refusals: readonly (readonly [Record<string, unknown>, string])[] = [
  [{ colour: "red" }, "LF-DOCKER-OPTION"],
  [{ worklaod: "web" }, "LF-DOCKER-OPTION"],
  [{ workload: "a b" }, "LF-NAME-INVALID"],
  [{ workload: 7 }, "LF-NAME-INVALID"],
  [{ "com.docker.network.endpoint.ifname": "a/b" }, "LF-NAME-INVALID"],
  [{ "com.docker.network.endpoint.macaddress": "AgAA" }, "LF-DOCKER-OPTION-VALUE"],
  [{ "com.docker.network.endpoint.macaddress": 7 }, "LF-DOCKER-OPTION-VALUE"],
];

test.each(refusals)("%p is refused with %s", (options, code) => {
  expect(refused(parseEndpointOptions(options)).code as string).toBe(code);
});

test("the option that was meant is named", () => {
  expect(refused(parseEndpointOptions({ worklaod: "web" })).remedy).toBe("Did you mean workload?");
});
