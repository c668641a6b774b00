import type { Mac } from "../../addr/index.ts";
import { assert, CniCode, err, ok, type Result } from "../../base/index.ts";
import {
  type Driver,
  type DriverWish,
  driverModes,
  type IpvlanDriver,
  type MacvlanDriver,
  parseDriver,
} from "../../domain/index.ts";
import { readMac } from "../spec/address.ts";
import { type CniError, cniError, cniErrorOf } from "../spec/error.ts";
import { integer, listOf, text, textOf } from "../spec/json.ts";

const UINT32_MAX = 2 ** 32 - 1;

/** How a link hangs on its parent; `flag` is ours. */
export const ipvlanKeys = { mode: text, flag: text } as const;

/** As `ipvlanKeys`; `sources`, whose frames mode source lets in, is ours, too. */
export const macvlanKeys = {
  ...ipvlanKeys,
  sources: listOf(textOf(readMac)),
  bcqueuelen: integer(0, UINT32_MAX),
} as const;

interface DriverFields {
  readonly mode?: string;
  readonly flag?: string;
  readonly sources?: readonly Mac[];
  readonly bcqueuelen?: number;
}

/** All five modes; 0 is no length of the queue, but the kernel's own. */
export function parseMacvlanDriver(wish: DriverFields): Result<MacvlanDriver, CniError> {
  const { bcqueuelen = 0 } = wish;
  const bcQueueLen = bcqueuelen === 0 ? {} : { bcQueueLen: bcqueuelen };
  const driver = parse("macvlan", wish, bcQueueLen);
  if (!driver.ok) return driver;
  assert(driver.value.kind === "macvlan", "a macvlan driver of a wish for one");
  return ok(driver.value);
}

/** The flag says how siblings see each other. */
export function parseIpvlanDriver(
  wish: Pick<DriverFields, "mode" | "flag">,
): Result<IpvlanDriver, CniError> {
  const driver = parse("ipvlan", wish, {});
  if (!driver.ok) return driver;
  assert(driver.value.kind === "ipvlan", "an ipvlan driver of a wish for one");
  return ok(driver.value);
}

function parse(
  kind: "macvlan" | "ipvlan",
  { mode = "", flag = "", sources = [] }: DriverFields,
  rest: Pick<DriverWish, "bcQueueLen">,
): Result<Driver, CniError> {
  const known: readonly string[] = driverModes[kind];
  if (mode !== "" && !known.includes(mode)) {
    const modes = `it is one of ${known.join(", ")}`;
    return err(cniError("invalidConfig", `unknown ${kind} mode: ${JSON.stringify(mode)}`, modes));
  }
  const driver = parseDriver({
    kind,
    ...(mode === "" ? {} : { mode }),
    ...(flag === "" ? {} : { flag }),
    ...(sources.length === 0 ? {} : { sources }),
    ...rest,
  });
  if (driver.ok) return driver;
  return err({ ...cniErrorOf(driver.error), code: CniCode.invalidConfig });
}
