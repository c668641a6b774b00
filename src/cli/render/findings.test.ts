import { expect, test } from "bun:test";
import type { EndpointId, IfName, NetworkName } from "../../domain/index.ts";
import type { EndpointFinding, NetworkFinding } from "../../engine/index.ts";
import { findingsTable, reconciledTable } from "./findings.ts";
import { plainPaint } from "./look.ts";

const gone: EndpointFinding = {
  subject: "endpoint",
  endpoint: "ep-1" as EndpointId,
  network: "lan" as NetworkName,
  sandbox: "/run/netns/a",
  ifname: "eth0" as IfName,
  kind: "sandbox-gone",
  detail: "the namespace is gone, and so is the link",
  action: "collect",
};
const differs: EndpointFinding = {
  ...gone,
  endpoint: "ep-2" as EndpointId,
  kind: "link-differs",
  detail: "eth0: it is down",
  action: "none",
};

const interrupted: NetworkFinding = {
  subject: "network",
  network: "lan" as NetworkName,
  kind: "interrupted",
  detail: "change from mode bridge to vepa was interrupted; its process is gone",
  action: "undo",
};

test("findings say what reconcile would do", () => {
  expect(findingsTable([gone, differs, interrupted], plainPaint)).toBe(
    `ENDPOINT  NETWORK  FINDING       ACTION   DETAIL
ep-1      lan      sandbox-gone  collect  the namespace is gone, and so is the link
ep-2      lan      link-differs  none     eth0: it is down
-         lan      interrupted   undo     ${interrupted.detail}
`,
  );
});

test("what was done is told in the past, what was not in its own word", () => {
  const rows = [
    { finding: gone, outcome: "done" },
    { finding: differs, outcome: "left" },
  ] as const;
  expect(reconciledTable(rows, plainPaint)).toBe(
    `ENDPOINT  NETWORK  FINDING       OUTCOME    DETAIL
ep-1      lan      sandbox-gone  collected  the namespace is gone, and so is the link
ep-2      lan      link-differs  left       eth0: it is down
`,
  );
});

test("agreement is said in words", () => {
  expect(findingsTable([], plainPaint)).toBe("Book and kernel agree.\n");
  expect(reconciledTable([], plainPaint)).toBe("Nothing to do: book and kernel agree.\n");
});
