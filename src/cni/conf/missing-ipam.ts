import { type CniError, cniError } from "../spec/error.ts";

/** The error, in the reference's words, of a configuration in which nobody gives addresses. */
export const missingIpam: CniError = cniError("invalidConfig", "IPAM config missing 'ipam' key");
