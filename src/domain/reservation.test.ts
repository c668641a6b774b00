import { expect, test } from "bun:test";
import type { WorkloadName } from "./names.ts";
import { checkNetwork } from "./network.ts";
import type { Reservation } from "./reservation.ts";
import { accepted, ip, prefix, range, refused, wish } from "./testing.ts";

const reserve = (workload: string, address: string): Reservation => {
  return { workload: workload as WorkloadName, address: ip(address) };
};

const asked = (...reservations: readonly Reservation[]) =>
  checkNetwork(
    wish({
      subnets: [prefix("10.0.0.0/24"), prefix("fd00::/64")],
      gateways: [ip("10.0.0.1")],
      exclusions: [range("10.0.0.8/29")],
      reservations,
    }),
  );

test("a workload may have one reserved address of each subnet, inside the ranges or not", () => {
  const rows = [reserve("web", "10.0.0.2"), reserve("web", "fd00::2"), reserve("db", "10.0.0.3")];
  expect(accepted(asked(...rows)).reservations).toEqual(rows);
});

const wrong: readonly (readonly [reason: string, ...Reservation[]])[] = [
  ["10.0.9.1 is in none of its subnets", reserve("web", "10.0.9.1")],
  ["10.0.0.255 is not a host's in 10.0.0.0/24", reserve("web", "10.0.0.255")],
  ["10.0.0.1 is the gateway", reserve("web", "10.0.0.1")],
  ["10.0.0.9 is excluded", reserve("web", "10.0.0.9")],
  ["10.0.0.2 is reserved for web already", reserve("web", "10.0.0.2"), reserve("db", "10.0.0.2")],
  [
    "10.0.0.3 is the second one of web in 10.0.0.0/24",
    reserve("web", "10.0.0.2"),
    reserve("web", "10.0.0.3"),
  ],
];

for (const [reason, ...rows] of wrong) {
  test(`a reservation is refused: ${reason}`, () => {
    const problem = refused(asked(...rows));
    expect(problem.code).toBe("LF-OUTSIDE-SUBNETS");
    expect(problem.detail).toContain(`The reserved address ${reason}`);
  });
}
