import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { type FreshBucket, freshBucket, testServers } from '@mirror/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStaging, type Staging } from '../src/index.js';
import { bytesOf, cutAfter, inChunks, listed, md5Of } from './bodies.js';

const MIB = 1024 * 1024;

interface Store {
  readonly staging: Staging;
  /** Another process's view of the same store. */
  again(): Promise<Staging>;
  /** What a listing does not show and is there nevertheless. */
  leftovers(): Promise<number>;
  stop(): Promise<void>;
}

async function directory(): Promise<Store> {
  const path = await mkdtemp(join(tmpdir(), 'staging-'));
  const url = pathToFileURL(join(path, 'ü b')).href;
  const stop = () => rm(path, { recursive: true });
  return { staging: await openStaging(url), again: () => openStaging(url), leftovers: async () => 0, stop };
}

async function bucket(): Promise<Store> {
  const fresh: FreshBucket = await freshBucket({ versioning: 'none', prefix: 'staging' });
  const { endpoint, region, accessKeyId, secretAccessKey } = testServers().connector;
  const url = `s3://${fresh.bucket}/some/where?endpoint=${encodeURIComponent(endpoint)}&region=${region}`;
  const open = () =>
    openStaging(url, { STAGING_ACCESS_KEY_ID: accessKeyId, STAGING_SECRET_ACCESS_KEY: secretAccessKey });
  const staging = await open();
  const leftovers = async () => {
    const { Uploads = [] } = await fresh.s3.send(new ListMultipartUploadsCommand({ Bucket: fresh.bucket }));
    return Uploads.length;
  };
  const stop = async () => {
    staging.close();
    await fresh.drop();
  };
  return { staging, again: open, leftovers, stop };
}

/** Every implementation passes the same contract. */
describe.each([
  { name: 'a directory', open: directory },
  { name: 'an S3 bucket', open: bucket },
])('staging in $name', ({ open }) => {
  let store: Store;
  let staging: Staging;
  beforeAll(async () => {
    store = await open();
    staging = store.staging;
  });
  afterAll(() => store?.stop());

  const id = () => randomUUID();

  it.each([0, 1, 8 * MIB - 1, 8 * MIB, 8 * MIB + 1, 17 * MIB])(
    'gives back the %d bytes that it was given',
    async (size) => {
      const bytes = randomBytes(size);
      const stagedId = id();
      expect(await staging.write(stagedId, inChunks(bytes, 100_003))).toEqual({ size, md5: md5Of(bytes) });
      const again = await store.again();
      expect(md5Of(await bytesOf(await again.read(stagedId)))).toBe(md5Of(bytes));
      await staging.remove(stagedId);
    },
  );

  it('gives back a range, its first and last byte included', async () => {
    const stagedId = id();
    await staging.write(stagedId, inChunks(Buffer.from('0123456789'), 3));
    const read = async (first: number, last: number) =>
      (await bytesOf(await staging.read(stagedId, { first, last }))).toString();
    expect(await read(2, 5)).toBe('2345');
    expect(await read(0, 0)).toBe('0');
    expect(await read(9, 9)).toBe('9');
    await staging.remove(stagedId);
  });

  it.each([0, 5, 9 * MIB])(
    'leaves nothing of a body that breaks off after %d bytes, and says its error',
    async (size) => {
      const stagedId = id();
      const broken = staging.write(stagedId, cutAfter(randomBytes(size), new Error('the client is gone')));
      await expect(broken).rejects.toThrow('the client is gone');
      await expect(staging.read(stagedId)).rejects.toMatchObject({ code: 'STAGING.MISSING' });
      expect(await listed(staging)).toEqual(new Map());
      expect(await store.leftovers()).toBe(0);
    },
  );

  it('says of bytes that are not there that they are missing, for good; to remove them is fine', async () => {
    const missing = id();
    await expect(staging.read(missing)).rejects.toMatchObject({ name: 'PermanentError', code: 'STAGING.MISSING' });
    await staging.remove(missing);
    const stagedId = id();
    await staging.write(stagedId, inChunks(Buffer.from('x'), 1));
    await staging.remove(stagedId);
    await expect(staging.read(stagedId)).rejects.toMatchObject({ code: 'STAGING.MISSING' });
    await staging.remove(stagedId);
  });

  it('lists what is there, with its size and about when it was written', async () => {
    const sizes = new Map([1, 2, 3].map((size) => [id(), size]));
    for (const [stagedId, size] of sizes) await staging.write(stagedId, inChunks(Buffer.alloc(size), 1));
    expect(await listed(staging)).toEqual(sizes);
    for await (const { at } of staging.list()) expect(Math.abs(Date.now() - at.getTime())).toBeLessThan(60_000);
    for (const stagedId of sizes.keys()) await staging.remove(stagedId);
    expect(await listed(staging)).toEqual(new Map());
  });

  it('takes many bodies at the same time, and mixes none up', async () => {
    const bodies = Array.from({ length: 24 }, (_, index) => ({ stagedId: id(), bytes: randomBytes(index * 10_000) }));
    const written = await Promise.all(
      bodies.map(({ stagedId, bytes }) => staging.write(stagedId, inChunks(bytes, 4_096))),
    );
    expect(written.map(({ md5 }) => md5)).toEqual(bodies.map(({ bytes }) => md5Of(bytes)));
    for (const { stagedId, bytes } of bodies) {
      expect(md5Of(await bytesOf(await staging.read(stagedId)))).toBe(md5Of(bytes));
      await staging.remove(stagedId);
    }
  });

  it('goes on reading what is removed meanwhile, or breaks off: never other bytes', async () => {
    const stagedId = id();
    const bytes = randomBytes(4 * MIB);
    await staging.write(stagedId, inChunks(bytes, 65_536));
    const reading = await staging.read(stagedId);
    await staging.remove(stagedId);
    const read = await bytesOf(reading).catch(() => null);
    if (read !== null) expect(md5Of(read)).toBe(md5Of(bytes));
  });

  it('is ready', () => staging.check());

  it.each(['', '.', '../x', 'a/b', '-x', 'ü'])('refuses the staged id %j', async (stagedId) => {
    await expect(staging.write(stagedId, inChunks(Buffer.from('x'), 1))).rejects.toThrow(RangeError);
    await expect(staging.read(stagedId)).rejects.toThrow(RangeError);
    await expect(staging.remove(stagedId)).rejects.toThrow(RangeError);
  });
});

describe('staging in an S3 bucket', () => {
  it('is not ready where the bucket is missing, or the key is wrong, and says that it may work later', async () => {
    const { endpoint, accessKeyId, secretAccessKey } = testServers().connector;
    const url = `s3://no-such-bucket-${randomUUID()}?endpoint=${encodeURIComponent(endpoint)}`;
    const right = { STAGING_ACCESS_KEY_ID: accessKeyId, STAGING_SECRET_ACCESS_KEY: secretAccessKey };
    for (const keys of [right, { ...right, STAGING_SECRET_ACCESS_KEY: 'wrong' }]) {
      const staging = await openStaging(url, keys);
      await expect(staging.check()).rejects.toMatchObject({ name: 'TransientError', code: 'STAGING.UNAVAILABLE' });
      const written = staging.write('x', inChunks(Buffer.from('x'), 1));
      await expect(written).rejects.toMatchObject({ code: 'STAGING.UNAVAILABLE' });
      staging.close();
    }
  });

  it('removes with the bytes what a crash left of a write', async () => {
    const store = await bucket();
    const never = new Promise<never>(() => {});
    const stuck = async function* () {
      yield randomBytes(9 * MIB);
      await never; // as if the process had died here
    };
    void store.staging.write('crashed', stuck()).catch(() => {});
    const deadline = Date.now() + 20_000;
    while ((await store.leftovers()) === 0 && Date.now() < deadline) await new Promise((next) => setTimeout(next, 20));
    expect(await store.leftovers()).toBe(1);
    await store.staging.remove('crashed');
    expect(await store.leftovers()).toBe(0);
    await store.stop();
  });
});
