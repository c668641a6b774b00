/** For tests: every key that the format promised from the start. It describes no sensible lab. */
export const scenarioExample = `
id: S02
title: Two containers in bridge mode on one parent
needs: [macvlan]
door: attach
switches:
  sw0:
    ports:
      p1: { hairpin: true }
      p2: { access: 10 }
      p3: { trunk: [10, 20], native: 1 }
      p4: { lock: [02:00:00:00:00:04] }
hosts:
  h1:
    nics:
      eth0:
        { switch: sw0, port: p1, mac: 02:00:00:00:00:01, addresses: [192.168.1.10/24],
          mtu: 1500, up: true }
    routes: [{ to: default, via: 192.168.1.1 }]
    sysctls: { net.ipv4.ip_forward: 1 }
    run: [ "ip link add ..." ]
    networks:
      lan:
        { driver: macvlan, mode: bridge, parent: eth0, subnets: [192.168.1.0/24],
          gateway: 192.168.1.1, ranges: [192.168.1.100-192.168.1.200] }
    containers: { c1: { networks: { lan: { ip: 192.168.1.100 } } }, c2: { networks: { lan: {} } } }
machines:
  gw:
    { switch: sw0, port: p2, addresses: [192.168.1.1/24],
      dhcp: { range: 192.168.1.201-192.168.1.250 } }
checks:
  - { flow: c1 -> c2, expect: reachable }
  - { flow: h1 -> c1, tcp: 9090, expect: unreachable, because: parent-isolated }
  - { capture: h1/eth0, filter: icmp, during: c1 -> c2, expect: none }
  - { do: [attach c3 to lan], expect: refused, code: LF-POOL-EXHAUSTED }
  - { do: [link eth0 down on h1, detach c1, kill daemon on h1, run "..." on h1] }
`;
