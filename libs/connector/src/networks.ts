import { isIP } from 'node:net';
import { FatalError } from '@mirror/runtime';

export type Family = 'ipv4' | 'ipv6';

/** A network of addresses: 10.0.0.0/8 is { address: '10.0.0.0', prefix: 8, family: 'ipv4' }. */
export interface Network {
  readonly address: string;
  readonly prefix: number;
  readonly family: Family;
}

/**
 * Reads an operator's list, `127.0.0.0/8,::1/128`; a single address stands for itself. Empty means no network at all.
 * All faults are in one FatalError, because the list is part of a service's environment.
 */
export function parseNetworks(list: string): Network[] {
  const entries = list.split(',').map((entry) => entry.trim());
  const parsed = entries.filter((entry) => entry !== '').map((entry) => [entry, parseNetwork(entry)] as const);
  const faults = parsed.filter(([, network]) => network === undefined).map(([entry]) => entry);
  if (faults.length > 0) {
    throw new FatalError(`ENDPOINT_ALLOW_NETWORKS has no network in: ${faults.join(', ')}`, {
      code: 'ENV.INVALID',
      hint: 'Networks are written address/bits and separated by commas: 10.20.0.0/16,fd00:20::/32',
    });
  }
  return parsed.flatMap(([, network]) => network ?? []);
}

function parseNetwork(text: string): Network | undefined {
  const [, address = '', bits] = /^([0-9a-fA-F.:]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const version = isIP(address);
  if (version === 0) return undefined;
  const longest = version === 4 ? 32 : 128;
  const prefix = bits === undefined ? longest : Number(bits);
  if (prefix > longest) return undefined;
  return { address, prefix, family: version === 4 ? 'ipv4' : 'ipv6' };
}

const networks = parseNetworks;

/** By reason, to be read after "it is". */
export const alwaysRefused = {
  'a cloud metadata address': networks(
    '169.254.169.254, 169.254.170.2, 100.100.100.200, 168.63.129.16, 192.0.0.192, fd00:ec2::254, fd20:ce::254',
  ),
  'a link-local address': networks('169.254.0.0/16, fe80::/10'),
  'the unspecified address': networks('0.0.0.0/8, ::/128'),
  'a multicast address': networks('224.0.0.0/4, ff00::/8'),
  'a reserved address': networks('240.0.0.0/4'),
};

/** Allowed only by a list that names them. The last ones reach IPv4 hosts through tunnels that nobody should need. */
export const refusedUnlessListed = {
  'a loopback address': networks('127.0.0.0/8, ::1/128'),
  'a private address': networks('10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, fc00::/7, fec0::/10'),
  'a carrier-grade NAT address': networks('100.64.0.0/10'),
  'a special-purpose address': networks(
    '192.0.0.0/24, 192.0.2.0/24, 198.18.0.0/15, 198.51.100.0/24, 203.0.113.0/24, 2001:db8::/32, 100::/64',
  ),
  'an IPv6 form of an IPv4 address': networks('::/96, 2002::/16, 2001::/32, 64:ff9b:1::/48'),
};
