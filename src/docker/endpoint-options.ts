import { type Mac, macFromBytes } from "../addr/index.ts";
import { err, ok, type Problem, type Result } from "../base/index.ts";
import { type IfName, parseIfName, parseWorkloadName, type WorkloadName } from "../domain/index.ts";
import { unknownOption } from "./network-options.ts";
import { optionWrong } from "./problems.ts";

/** What Docker and the user said of an endpoint beside its addresses. */
export interface EndpointOptions {
  readonly mac?: Mac;
  readonly workload?: WorkloadName;
  readonly ifname?: IfName;
}

const MAC = "com.docker.network.endpoint.macaddress";
const IFNAME = "com.docker.network.endpoint.ifname";
/** The one option of an endpoint that is ours. */
const WORKLOAD = "workload";
/**
 * Docker's own words, which it heeds itself: sysctls, published ports and what later engines add.
 * Users do not make these up, and refusing a new one would keep every container from starting.
 */
const DOCKERS_OWN = "com.docker.network.";

/** Reads the options of an endpoint, as `--network name=…,driver-opt=…` gives them. */
export function parseEndpointOptions(
  given: Readonly<Record<string, unknown>>,
): Result<EndpointOptions, Problem> {
  const strange = Object.keys(given).find(
    (key) => key !== WORKLOAD && !key.startsWith(DOCKERS_OWN),
  );
  if (strange !== undefined) return err(unknownOption(strange, "endpoint option", [WORKLOAD]));
  const mac = given[MAC] === undefined ? ok(undefined) : readMac(given[MAC]);
  if (!mac.ok) return mac;
  const workload = given[WORKLOAD] ? parseWorkloadName(given[WORKLOAD]) : ok(undefined);
  if (!workload.ok) return workload;
  const ifname = given[IFNAME] ? parseIfName(given[IFNAME]) : ok(undefined);
  if (!ifname.ok) return ifname;
  return ok({
    ...(mac.value === undefined ? {} : { mac: mac.value }),
    ...(workload.value === undefined ? {} : { workload: workload.value }),
    ...(ifname.value === undefined ? {} : { ifname: ifname.value }),
  });
}

/** Six bytes in base64, as Go writes a []byte. */
function readMac(value: unknown): Result<Mac, Problem> {
  const bytes = typeof value === "string" ? Buffer.from(value, "base64") : Buffer.of();
  if (bytes.length === 6) return ok(macFromBytes(bytes));
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return err(optionWrong({ option: MAC, value: text, reason: "it is not six bytes in base64" }));
}
