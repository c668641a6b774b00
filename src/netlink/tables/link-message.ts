import { attribute, table } from "../attribute.ts";
import { linkInfo } from "../link-info.ts";
import { headed } from "../struct.ts";
import { afSpecAnswer, afSpecRequest } from "./inet.ts";
import { commonLinkRows, linkHeader } from "./link.ts";

const IFLA_LINKINFO = 18;
const IFLA_AF_SPEC = 26;

/** RTM_NEWLINK and RTM_DELLINK as the kernel sends them. */
export const linkMessage = headed(
  linkHeader,
  table({
    ...commonLinkRows,
    linkInfo: attribute(IFLA_LINKINFO, linkInfo),
    afSpec: attribute(IFLA_AF_SPEC, afSpecAnswer),
  }),
);

/** RTM_*LINK as we send it: per-family settings look different in requests. */
export const linkRequest = headed(
  linkHeader,
  table({
    ...commonLinkRows,
    linkInfo: attribute(IFLA_LINKINFO, linkInfo),
    afSpec: attribute(IFLA_AF_SPEC, afSpecRequest),
  }),
);
