import { err, ok, type Result } from "../../base/index.ts";
import type { StaticConfig } from "../conf/ipam.ts";
import { parseIpam } from "../conf/parse-ipam.ts";
import { parsePrevious } from "../conf/parse-plugin.ts";
import { parseArgs } from "../spec/args.ts";
import type { AttachmentCall, NetworkCall } from "../spec/call.ts";
import { encodeResult } from "../spec/encode-result.ts";
import { type CniError, cniError } from "../spec/error.ts";
import type { CniResult } from "../spec/result.ts";
import type { Answer } from "./context.ts";
import { wrongIpam } from "./wrong-ipam.ts";

/** `static` for plugins of others: it says what the configuration says, and keeps nothing. */
export async function staticIpam(call: AttachmentCall | NetworkCall): Answer {
  if (call.command === "DEL" || call.command === "GC") return ok("");
  const config = parse(call);
  if (!config.ok) return config;
  switch (call.command) {
    case "ADD":
      return add(config.value, call);
    case "CHECK":
      return check(config.value, call);
    case "STATUS":
      return ok("");
  }
}

function parse(call: AttachmentCall | NetworkCall): Result<StaticConfig, CniError> {
  const args = parseArgs("args" in call ? call.args : "");
  if (!args.ok) return args;
  const ipam = parseIpam(call.config, args.value);
  if (!ipam.ok) return ipam;
  return ipam.value.kind === "static" ? ok(ipam.value) : wrongIpam("static", call);
}

function add(
  { addresses, routes, dns }: StaticConfig,
  { config }: AttachmentCall,
): Result<string, CniError> {
  return encodeResult({ interfaces: [], ips: addresses, routes, dns }, config.version);
}

function check(
  { addresses, routes }: StaticConfig,
  { config }: AttachmentCall,
): Result<string, CniError> {
  const previous = parsePrevious(config);
  if (!previous.ok) return previous;
  const result = previous.value;
  if (result === undefined) return err(cniError("invalidConfig", "Required prevResult missing"));
  const lost = addresses.find((one) => !hasAddress(result, one));
  if (lost !== undefined) {
    const msg = `static: Failed to find Address ${lost.address} in prevResult`;
    return err(cniError("refused", msg));
  }
  const lostRoute = routes.find(
    (one) => !result.routes.some((other) => other.dst === one.dst && other.gw === one.gw),
  );
  if (lostRoute === undefined) return ok("");
  const via = lostRoute.gw === undefined ? "" : ` via ${lostRoute.gw}`;
  return err(
    cniError("refused", `static: Failed to find Route ${lostRoute.dst}${via} in prevResult`),
  );
}

function hasAddress({ ips }: CniResult, wanted: StaticConfig["addresses"][number]): boolean {
  return ips.some(
    ({ address, gateway }) => address === wanted.address && gateway === wanted.gateway,
  );
}
