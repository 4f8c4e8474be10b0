import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { Bandwidth } from './bandwidth.js';

describe('the bandwidth of a location', () => {
  it('is shared: each takes its turn after the bytes before it', () => {
    let now = 0;
    const bandwidth = new Bandwidth(1_000, () => now);
    expect([bandwidth.take(500), bandwidth.take(500), bandwidth.take(1)]).toEqual([0, 500, 1_000]);
    now = 10_000; // what was not used is not saved up
    expect([bandwidth.take(1_000), bandwidth.take(1)]).toEqual([0, 1_000]);
  });

  it('leaves the bytes as they are', async () => {
    const chunks = [Buffer.from('ab'), Buffer.from('c')];
    const paced = new Bandwidth(1_000_000).pace(Readable.from(chunks), new AbortController().signal);
    const found: Uint8Array[] = [];
    for await (const chunk of paced) found.push(chunk);
    expect(Buffer.concat(found).toString()).toBe('abc');
  });

  it('is taken in small pieces, however large those are that come', async () => {
    const paced = new Bandwidth(1e9).pace(Readable.from([Buffer.alloc(100_000, 'x')]), new AbortController().signal);
    const sizes: number[] = [];
    for await (const { length } of paced) sizes.push(length);
    expect([Math.max(...sizes), sizes.reduce((sum, size) => sum + size, 0)]).toEqual([16_384, 100_000]);
  });

  it('is without a limit when it is 0', () => {
    const bandwidth = new Bandwidth(0);
    expect([bandwidth.take(1e12), bandwidth.take(1), bandwidth.isLimited]).toEqual([0, 0, false]);
  });
});
