import { BlockList, isIP } from 'node:net';

/** IPv4 that is no public host: private, shared, loopback, link-local, documentation, multicast, reserved. */
const SPECIAL_IPV4: readonly (readonly [network: string, prefix: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10], // carrier-grade NAT; holds one cloud's metadata service
  ['127.0.0.0', 8],
  ['168.63.129.16', 32], // a cloud's platform service, although the range is public
  ['169.254.0.0', 16], // link-local; holds most clouds' metadata services
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];

/** Inside the global unicast range `2000::/3`, but no hosts of their own: tunnels, protocol use, documentation. */
const SPECIAL_IPV6: readonly (readonly [network: string, prefix: number])[] = [
  ['2001::', 23], // holds Teredo
  ['2001:db8::', 32],
  ['2002::', 16], // 6to4 hides an IPv4 address
  ['3fff::', 20],
];

/** IPv6 notations that carry an IPv4 address in their last 32 bits: v4-mapped and NAT64. */
const IPV4_CARRIERS = ['::ffff:', '64:ff9b::'];

const refused = new BlockList();
const usableIpv6 = new BlockList();

usableIpv6.addSubnet('2000::', 3, 'ipv6');
for (const carrier of IPV4_CARRIERS) usableIpv6.addSubnet(`${carrier}0.0.0.0`, 96, 'ipv6');
for (const [network, prefix] of SPECIAL_IPV6) refused.addSubnet(network, prefix, 'ipv6');
for (const [network, prefix] of SPECIAL_IPV4) {
  refused.addSubnet(network, prefix, 'ipv4');
  for (const carrier of IPV4_CARRIERS) refused.addSubnet(`${carrier}${network}`, 96 + prefix, 'ipv6');
}

/** Whether `address` (IPv4 or IPv6 text, without brackets) is a host on the public internet. False for anything else. */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !refused.check(address, 'ipv4');
    case 6:
      return !address.includes('%') && usableIpv6.check(address, 'ipv6') && !refused.check(address, 'ipv6');
    default:
      return false;
  }
}
