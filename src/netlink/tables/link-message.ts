import { attribute, only, table } from "../attribute.ts";
import { linkInfo } from "../link-info.ts";
import { headed } from "../struct.ts";
import { afSpecAnswer, afSpecInet, afSpecRequest } from "./inet.ts";
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

/** The attributes of which `Link` is made. */
const shownLinkRows = [
  "address",
  "name",
  "mtu",

  "link",
  "upper",
  "txQueueLen",
  "operState",
  "alias",
  "group",
  "promiscuity",
  "carrier",
  "linkNetnsid",
  "altNames",
  "permanentAddress",
  "linkInfo",
  "afSpec",
] as const;

/** As `linkMessage`, of which only what `Link` shows is read. */
export const linkGlance = headed(
  linkHeader,
  only(
    table({
      ...commonLinkRows,
      linkInfo: attribute(IFLA_LINKINFO, linkInfo),
      afSpec: attribute(IFLA_AF_SPEC, afSpecInet),
    }),
    ...shownLinkRows,
  ),
);

/** As `linkMessage`, of which only the name is read. */
export const linkNameGlance = headed(linkHeader, only(table(commonLinkRows), "name"));

/** RTM_*LINK as we send it: per-family settings look different in requests. */
export const linkRequest = headed(
  linkHeader,
  table({
    ...commonLinkRows,
    linkInfo: attribute(IFLA_LINKINFO, linkInfo),
    afSpec: attribute(IFLA_AF_SPEC, afSpecRequest),
  }),
);
