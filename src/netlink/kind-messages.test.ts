import { describe, expect, test } from "bun:test";
import { readBridgeVlans } from "./bridge-vlan.ts";
import { kernel } from "./fixtures/kernel.ts";
import { kernelKinds } from "./fixtures/kernel-kinds.ts";
import { must } from "./fixtures/values.ts";
import { readLink } from "./link.ts";
import type { RawMessage } from "./message.ts";
import { encode, MessageType } from "./request.ts";
import { setPort } from "./set-link.ts";
import { bridgeVlanMessage } from "./tables/bridge-vlan.ts";
import { linkMessage } from "./tables/link-message.ts";

function message(hex: string, type: number = MessageType.newLink): RawMessage {
  return { type, flags: 0, sequence: 1, portId: 1, payload: Uint8Array.fromHex(hex) };
}

const link = (hex: string) => must(readLink(message(hex)));
const vlansOf = (hex: string) => must(readBridgeVlans(message(hex)));

describe("links of each kind, as iproute2 showed them when they were recorded", () => {
  test("an ipvlan shows its parent's mode and flag, and has its parent's MAC", () => {
    expect(link(kernelKinds.ipvlan)).toMatchObject({
      ifindex: 41,
      name: "i0",
      mac: "02:00:00:00:00:10",
      parent: { ifindex: 10 },
      peer: undefined,
      details: { kind: "ipvlan", mode: "l3s", flags: ["vepa"] },
    });
    expect(link(kernelKinds.ipvtap)).toMatchObject({
      name: "i2",
      txQueueLen: 500,
      parent: { ifindex: 12 },
      details: { kind: "ipvtap", mode: "l2", flags: [] },
    });
  });

  test("a vlan has its protocol, its id, its flags and what it maps", () => {
    const seen = link(kernelKinds.vlan);
    expect(seen).toMatchObject({
      name: "v10",
      parent: { ifindex: 10 },
      details: {
        kind: "vlan",
        protocol: "802.1ad",
        id: 10,
        flags: { flags: ["gvrp", "looseBinding"] },
        ingressQos: [
          { from: 1, to: 2 },
          { from: 7, to: 3 },
        ],
        egressQos: [
          { from: 0, to: 1 },
          { from: 5, to: 6 },
        ],
      },
    });
    const mask = seen?.details?.kind === "vlan" ? seen.details.flags?.mask : undefined;
    expect(mask).toHaveLength(32);
  });

  test("a dummy is nothing but a dummy", () => {
    expect(link(kernelKinds.dummy)).toMatchObject({
      name: "d0",
      mac: "02:00:00:00:00:48",
      flags: ["broadcast", "noArp"],
      parent: undefined,
      details: { kind: "dummy" },
    });
  });

  test("a vxlan has its ends, and its lower link is no parent", () => {
    expect(link(kernelKinds.vxlan)).toMatchObject({
      name: "x1",
      mtu: 1450,
      parent: undefined,
      details: {
        kind: "vxlan",
        id: 5,
        underlay: 10,
        local: "10.0.0.1",
        remote: "10.0.0.2",
        learning: false,
        port: 4789,
      },
    });
    expect(link(kernelKinds.vxlan6)?.details).toMatchObject({
      id: 6,
      local6: "fd00::1",
      remote6: "fd00::2",
      learning: true,
    });
  });

  test("a bond has its mode, and its ports know whose they are", () => {
    expect(link(kernelKinds.bond)?.details).toMatchObject({
      kind: "bond",
      mode: "active-backup",
      miimon: 100,
      failOverMac: "active",
    });
    expect(link(kernelKinds.bondPort)).toMatchObject({
      name: "p3",
      upper: 52,
      details: { kind: "veth" },
      port: {
        kind: "bond",
        state: "backup",
        miiStatus: "down",
        linkFailures: 0,
        permanentMac: "a6:99:21:d8:61:02",
      },
    });
  });

  test("a bridge that looks at VLANs says so", () => {
    expect(link(kernelKinds.filteringBridge)?.details).toMatchObject({
      kind: "bridge",
      vlanFiltering: true,
      vlanProtocol: "802.1ad",
      defaultPvid: 0,
    });
  });
});

describe("VLANs of bridges and ports, as iproute2 showed them when they were recorded", () => {
  test("a port has one VLAN for untagged frames and a range of tagged ones", () => {
    expect(vlansOf(kernelKinds.trunkPortVlans)).toEqual({
      ifindex: 11,
      upper: 20,
      vlans: [
        { first: 10, last: 10, flags: ["pvid", "untagged"] },
        { first: 100, last: 200, flags: [] },
      ],
    });
  });

  test("the bridge is a member itself", () => {
    expect(vlansOf(kernelKinds.bridgeVlans)).toEqual({
      ifindex: 20,
      upper: 20,
      vlans: [{ first: 10, last: 10, flags: [] }],
    });
  });

  test("a link, and the end of a port, have none", () => {
    expect(vlansOf(kernel.bridgePort)).toBeUndefined();
    const end = message(kernelKinds.trunkPortVlans, MessageType.deleteLink);
    expect(must(readBridgeVlans(end))).toBeUndefined();
    // Without IFLA_MASTER it is no port.
    expect(vlansOf(kernelKinds.trunkPortVlans.slice(0, 32))).toBeUndefined();
  });

  test("half a range is an error", () => {
    const whole = must(bridgeVlanMessage.read(Uint8Array.fromHex(kernelKinds.trunkPortVlans)));
    const { header, attributes } = whole;
    const infos = attributes.afSpec?.vlans ?? [];
    const withInfos = (...order: readonly number[]) => {
      const vlans = order.flatMap((index) => infos[index] ?? []);
      const { bytes } = encode(bridgeVlanMessage, {
        header,
        attributes: { ...attributes, afSpec: { vlans } },
      });
      return readBridgeVlans(message(bytes.toHex()));
    };
    expect(withInfos(0, 1, 2).ok).toBe(true);
    for (const order of [[1], [2], [0, 1], [1, 1, 2], [1, 0, 2], [2, 1]]) {
      expect(withInfos(...order).ok).toBe(false);
    }
  });
});

// Debian 12's iproute2 cannot say it: by include/uapi/linux/if_link.h and rtnetlink.h of Linux 6.2.
test("port security that takes note of whom it refuses has the kernel's bytes", () => {
  const { payload } = setPort({ link: { ifindex: 7, name: "s1" }, mab: true });
  const header = "00000000 07000000 00000000 00000000";
  const port = "0a000400 627269646765 0000 0c000500 0500280001000000";
  expect(payload.bytes.toHex()).toBe(`${header} 1c001200 ${port}`.replaceAll(" ", ""));
});

for (const [name, hex] of Object.entries(kernelKinds)) {
  test(`the recorded ${name} loses nothing when it is written again`, () => {
    const field = hex.startsWith("07") ? bridgeVlanMessage : linkMessage;
    const first = must(field.read(Uint8Array.fromHex(hex)));
    const again = must(field.read(encode<typeof first>(field as never, first).bytes));
    expect(again).toEqual(first);
  });
}
