import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { EndpointGuard } from './endpoint-guard.js';
import { parseNetworks } from './networks.js';

const open = new EndpointGuard([]);
const local = new EndpointGuard(parseNetworks('127.0.0.0/8, ::1, 10.20.0.0/16'));
const everything = new EndpointGuard(parseNetworks('0.0.0.0/0,::/0'));

describe('the endpoint guard', () => {
  it.each(['8.8.8.8', '51.15.0.1', '2a01:4f8::1'])(
    'allows the public address %s while nothing is listed',
    (address) => {
      expect(open.refusal(address)).toBeUndefined();
    },
  );

  it.each([
    '127.0.0.1',
    '::1',
    '10.0.0.5',
    '172.31.255.1',
    '192.168.1.1',
    '100.64.0.1',
    'fd12::1',
    'fec0::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:10.0.0.5',
    '::127.0.0.1',
    '64:ff9b::10.0.0.5',
    '2002:7f00:1::1',
    '198.18.0.1',
  ])('refuses %s unless it is listed', (address) => {
    expect(open.refusal(address)).toMatchObject({ code: 'ENDPOINT.REFUSED' });
    expect(everything.refusal(address)).toBeUndefined();
  });

  it.each([
    '169.254.169.254',
    '169.254.0.7',
    '100.100.100.200',
    'fd00:ec2::254',
    'fe80::1',
    'fe80::1%eth0',
    '0.0.0.0',
    '::',
    '224.0.0.1',
    'ff02::1',
    '255.255.255.255',
    '::ffff:169.254.169.254',
    '::ffff:a9fe:a9fe',
    '::ffff:0:169.254.169.254',
    '64:ff9b::169.254.169.254',
    '::ffff:100.100.100.200',
    '::ffff:0.0.0.0',
    '::ffff:224.0.0.1',
    'not an address',
  ])('refuses %s whatever is listed', (address) => {
    expect(everything.refusal(address)).toMatchObject({ code: 'ENDPOINT.REFUSED', hint: expect.stringMatching(/\w/) });
  });

  it('allows exactly what is listed, once something is', () => {
    for (const address of ['127.0.0.1', '127.9.9.9', '::1', '10.20.3.4', '::ffff:127.0.0.1']) {
      expect(local.refusal(address)).toBeUndefined();
    }
    for (const address of ['8.8.8.8', '10.21.0.1', '::2']) expect(local.refusal(address)).toBeDefined();
  });

  it('names no address in what it says, so that nobody maps a network by it', () => {
    expect(open.refusal('10.0.0.5')?.message).not.toContain('10.0.0.5');
  });

  it('refuses a name when any of its addresses is refused', async () => {
    const mixed = guardOf('8.8.8.8', '169.254.169.254');
    await expect(promisify(mixed.lookup)('mixed.example', {})).rejects.toMatchObject({ code: 'ENDPOINT.REFUSED' });
    await expect(mixed.check('mixed.example')).rejects.toMatchObject({ code: 'ENDPOINT.REFUSED' });
  });

  it('answers the addresses that it checked', async () => {
    const good = guardOf('8.8.8.8', '2a01:4f8::1');
    expect(await promisify(good.lookup)('good.example', { all: true })).toEqual([
      { address: '8.8.8.8', family: 4 },
      { address: '2a01:4f8::1', family: 6 },
    ]);
    expect(await promisify(good.lookup)('good.example', {})).toBe('8.8.8.8');
    expect(await promisify(good.lookup)('good.example', { family: 6 })).toBe('2a01:4f8::1');
  });

  it('says that a name without addresses was not found', async () => {
    await expect(promisify(guardOf().lookup)('none.example', {})).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });
});

describe('a list of networks', () => {
  it('is separated by commas, with single addresses for themselves', () => {
    expect(parseNetworks(' 10.0.0.0/8,, ::1 ')).toEqual([
      { address: '10.0.0.0', prefix: 8, family: 'ipv4' },
      { address: '::1', prefix: 128, family: 'ipv6' },
    ]);
    expect(parseNetworks('')).toEqual([]);
  });

  it('has all its faults in one error', () => {
    expect(() => parseNetworks('10.0.0.0/33,localhost,10.0.0.0/8,::/129')).toThrow(
      expect.objectContaining({
        code: 'ENV.INVALID',
        message: expect.stringContaining('10.0.0.0/33, localhost, ::/129'),
      }),
    );
  });
});

function guardOf(...addresses: string[]): EndpointGuard {
  return new EndpointGuard([], async () =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
  );
}
