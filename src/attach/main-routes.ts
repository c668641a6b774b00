import { ok, type Result } from "../base/index.ts";
import {
  listMainRoutes,
  type NetlinkRefusal,
  type Route,
  type RouteFilter,
  type Rtnetlink,
} from "../netlink/index.ts";

/** The routes of the main table. A namespace that never had a route has no such table: ENOENT. */
export function mainRoutes(
  namespace: Rtnetlink,
  filter: RouteFilter = {},
): Result<readonly Route[], NetlinkRefusal> {
  const routes = namespace.dump(listMainRoutes(filter));
  return !routes.ok && routes.error.errno === "ENOENT" ? ok([]) : routes;
}
