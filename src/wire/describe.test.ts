import { describe, expect, test } from "bun:test";
import { parseIp4, parseMac } from "../addr/index.ts";
import { arpProbe } from "./announce.ts";
import { describeFrame } from "./describe.ts";
import { decodeFrame } from "./frame.ts";
import { accepted, CAPTURED, hex } from "./testing.ts";

const describeBytes = (bytes: Uint8Array) => describeFrame(accepted(decodeFrame(bytes)));
const one = "02:00:00:00:00:01";
const two = "02:00:00:00:00:02";
const there = `${one} > ${two}`;
const back = `${two} > ${one}`;
const all = "ff:ff:ff:ff:ff:ff";
const toAll = `${one} > ${all}`;

/** Ends and content, written by hand from what tcpdump says about the same frames. */
const EXPECTED: Readonly<Record<keyof typeof CAPTURED, readonly [string, string]>> = {
  arpRequest: [toAll, "ARP who-has 10.0.0.2 tell 10.0.0.1"],
  arpReply: [back, `ARP 10.0.0.2 is-at ${two}`],
  arpAnnouncement: [toAll, "ARP who-has 10.0.0.1 tell 10.0.0.1 (announcement)"],
  arpPadded: [toAll, "ARP who-has 10.0.0.77 tell 10.0.0.1"],
  vlanArp: [toAll, "vlan 10 ARP who-has 10.10.0.9 tell 10.10.0.1"],
  doubleTagArp: [toAll, "vlan 5 (802.1ad) vlan 7 ARP who-has 10.11.0.9 tell 10.11.0.1"],
  echoRequest4: [there, "10.0.0.1 > 10.0.0.2 ICMP echo request id 756 seq 1"],
  echoReply4: [back, "10.0.0.2 > 10.0.0.1 ICMP echo reply id 756 seq 1"],
  firstFragment4: [
    there,
    "10.0.0.1 > 10.0.0.2 ICMP echo request id 4976 seq 1 (fragment from byte 0)",
  ],
  lastFragment4: [
    there,
    "10.0.0.1 > 10.0.0.2 protocol 1, 32 bytes (fragment from byte 72, the last)",
  ],
  udp4: [there, "10.0.0.1:33242 > 10.0.0.2:9999 UDP, 2 bytes"],
  portUnreachable4: [back, "10.0.0.2 > 10.0.0.1 ICMP destination unreachable, code 3"],
  tcpSyn: [there, "10.0.0.1:47586 > 10.0.0.2:81 TCP [syn] seq 489910729, 0 bytes"],
  tcpSynAck: [
    back,
    "10.0.0.2:80 > 10.0.0.1:53914 TCP [syn ack] seq 1736691780 ack 4228579261, 0 bytes",
  ],
  tcpAck: [there, "10.0.0.1:53914 > 10.0.0.2:80 TCP [ack] seq 4228579261 ack 1736691781, 0 bytes"],
  tcpData: [
    there,
    "10.0.0.1:53914 > 10.0.0.2:80 TCP [psh ack] seq 4228579261 ack 1736691781, 5 bytes",
  ],
  tcpReset: [back, "10.0.0.2:81 > 10.0.0.1:47586 TCP [rst ack] seq 0 ack 489910730, 0 bytes"],
  echoRequest6: [there, "fd00::1 > fd00::2 ICMPv6 echo request id 757 seq 1"],
  echoReply6: [back, "fd00::2 > fd00::1 ICMPv6 echo reply id 757 seq 1"],
  lastFragment6: [
    there,
    "fd00::1 > fd00::2 protocol 17, 60 bytes (fragment from byte 1448, the last)",
  ],
  udp6: [there, "[fd00::1]:36834 > [fd00::2]:9999 UDP, 2 bytes"],
  portUnreachable6: [back, "fd00::2 > fd00::1 ICMPv6 destination unreachable, code 4"],
  solicitation: [
    `${one} > 33:33:ff:00:00:02`,
    `fd00::1 > ff02::1:ff00:2 NDP who-has fd00::2 tell ${one}`,
  ],
  advertisement: [back, `fd00::2 > fd00::1 NDP fd00::2 is-at ${two} [solicited override]`],
  unsolicitedAdvertisement: [
    `${one} > 33:33:00:00:00:01`,
    `fd00::1 > ff02::1 NDP fd00::1 is-at ${one} [override]`,
  ],
  dadSolicitation: [
    `${two} > 33:33:ff:00:00:02`,
    ":: > ff02::1:ff00:2 NDP who-has fe80::ff:fe00:2",
  ],
  routerSolicitation: [
    `${two} > 33:33:00:00:00:02`,
    "fe80::ff:fe00:2 > ff02::2 ICMPv6 NDP router solicitation, code 0",
  ],
  mldReport: [`${one} > 33:33:00:00:00:16`, ":: > ff02::16 ICMPv6 MLDv2 report, code 0"],
};

describe("describeFrame", () => {
  test.each(Object.entries(EXPECTED))("tells what %s is", (name, [ends, what]) => {
    expect(describeBytes(CAPTURED[name as keyof typeof CAPTURED])).toBe(`${ends} ${what}`);
  });

  test("tells an address probe from a question", () => {
    const probe = arpProbe(accepted(parseMac(one)), accepted(parseIp4("10.0.0.9")));
    expect(describeFrame(probe)).toBe(`${one} > ${all} ARP who-has 10.0.0.9 tell 0.0.0.0 (probe)`);
  });

  test("shows frames that it cannot read", () => {
    expect(describeBytes(hex("ffffffffffff 020000000001 88cc 0207"))).toBe(
      `${one} > ${all} EtherType 0x88cc, 2 bytes`,
    );
    expect(describeBytes(hex("0180c2000000 020000000001 0026 424203"))).toBe(
      `${one} > 01:80:c2:00:00:00 802.3 frame, 3 bytes`,
    );
    expect(describeBytes(CAPTURED.arpRequest.subarray(0, 20))).toBe(
      `${one} > ${all} malformed arp: the packet needs 28 bytes, 6 are there`,
    );
  });

  test("says that an advertisement names no MAC", () => {
    const bytes = Uint8Array.from(CAPTURED.advertisement);
    bytes[78] = 14;
    expect(describeBytes(bytes)).toContain("fd00::2 is-at the sender's MAC [solicited override]");
  });
});
