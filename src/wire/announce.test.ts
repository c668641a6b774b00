import { describe, expect, test } from "bun:test";
import { parseIp4, parseIp6, parseMac, parsePrefix } from "../addr/index.ts";
import {
  arpAnnouncement,
  arpProbe,
  arpReply,
  arpRequest,
  unsolicitedAdvertisement,
} from "./announce.ts";
import { decodeFrame, encodeFrame } from "./frame.ts";
import { routerAdvertisement } from "./router-advertisement.ts";
import { accepted, CAPTURED, hex } from "./testing.ts";

const mac = accepted(parseMac("02:00:00:00:00:01"));
const ip = accepted(parseIp4("10.0.0.1"));

describe("what the kernel sends in the same case, byte for byte", () => {
  test("a request", () => {
    const frame = arpRequest(mac, ip, accepted(parseIp4("10.0.0.2")));
    expect(encodeFrame(frame)).toEqual(CAPTURED.arpRequest);
  });

  test("a reply", () => {
    const request = accepted(decodeFrame(CAPTURED.arpRequest)).payload;
    expect(request.kind).toBe("arp");
    if (request.kind !== "arp") return;
    const frame = arpReply(accepted(parseMac("02:00:00:00:00:02")), request);
    expect(encodeFrame(frame)).toEqual(CAPTURED.arpReply);
  });

  test("an announcement (arp_notify)", () => {
    expect(encodeFrame(arpAnnouncement(mac, ip))).toEqual(CAPTURED.arpAnnouncement);
  });

  test("an unsolicited advertisement (ndisc_notify)", () => {
    const frame = unsolicitedAdvertisement(mac, accepted(parseIp6("fd00::1")));
    expect(encodeFrame(frame)).toEqual(CAPTURED.unsolicitedAdvertisement);
  });
});

test("a router advertises itself and a prefix as RFC 4861 sections 4.2 and 4.6 lay it out", () => {
  const [router, prefix] = [accepted(parseIp6("fe80::1")), accepted(parsePrefix("fd00:5::/64"))];
  // The checksum was computed apart, by RFC 1071, over the pseudo header and the message.
  const sent = hex(`
    333300000001 020000000001 86dd
    60000000 0038 3a ff fe800000000000000000000000000001 ff020000000000000000000000000001
    86 00 2982 40 00 0708 00000000 00000000
    01 01 020000000001
    03 04 40 c0 00278d00 00093a80 00000000 fd000005000000000000000000000000
  `);
  expect(encodeFrame(routerAdvertisement(mac, router, prefix))).toEqual(sent);
});

describe("arpProbe", () => {
  test("asks with the sender address 0.0.0.0, as RFC 5227 section 2.1.1 says", () => {
    const sent = hex(`
      ffffffffffff 020000000001 0806 0001 0800 06 04 0001
      020000000001 00000000 000000000000 0a000001
    `);
    expect(encodeFrame(arpProbe(mac, ip))).toEqual(sent);
  });
});
