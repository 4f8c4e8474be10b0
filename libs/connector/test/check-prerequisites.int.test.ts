import { ListMultipartUploadsCommand, ListObjectVersionsCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { type FreshBucket, freshBucket, freshName, setVersioning, testServers } from '@mirror/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Check, type CheckOptions, checkPrerequisites, EndpointGuard, parseNetworks } from '../src/index.js';

const guard = new EndpointGuard(parseNetworks('127.0.0.0/8'));
let bucket: FreshBucket;

beforeAll(async () => {
  bucket = await freshBucket({ prefix: 'checks' });
  for (const key of ['a', 'a', 'a', 'b/c', 'd é', 'e']) {
    await bucket.s3.send(new PutObjectCommand({ Bucket: bucket.bucket, Key: key, Body: 'content' }));
  }
});

afterAll(() => bucket.drop());

const find = (changed: object = {}, options: Partial<CheckOptions> = {}) =>
  checkPrerequisites({ ...testServers().connector, bucket: bucket.bucket, ...changed }, { guard, ...options });
const check = async (...args: Parameters<typeof find>): Promise<Check[]> => (await find(...args)).checks;

/** Names of the checks by what became of them. */
function outcome(checks: Check[]) {
  const named = (ok: boolean | null) => checks.filter((found) => found.ok === ok).map(({ name }) => name);
  return { failed: named(false), notTried: named(null) };
}

const failure = (checks: Check[]) => checks.find(({ ok }) => ok === false);
const everythingAfter = (name: string) => {
  const all = ['endpoint', 'tls', 'clock', 'credentials', 'bucket', 'versioning', 'list', 'read', 'write', 'behaviour'];
  return all.slice(all.indexOf(name) + 1);
};

describe('the prerequisites of a location', () => {
  it('are all fulfilled by a versioned bucket, and leave nothing in it', async () => {
    const before = await contents(bucket);
    const { checks, behaviour } = await find();
    expect(behaviour).toMatchObject({ listing: 'ranges', quirks: ['opaqueKeyMarker'] });
    expect(checks.map(({ name }) => name)).toEqual(['endpoint', ...everythingAfter('endpoint')]);
    expect(checks.filter(({ ok }) => ok !== true)).toEqual([]);
    expect(checks.every(({ code, detail, hint }) => code === null && detail !== '' && hint === '')).toBe(true);
    expect(checks.at(-1)?.detail).toBe('Markers and order are as S3 has them.');
    expect(await contents(bucket)).toEqual(before);
    expect(before.versions).toHaveLength(6);
  });

  it('are fulfilled by an empty bucket, which stays empty', async () => {
    const empty = await freshBucket({ prefix: 'checks-empty' });
    expect(outcome(await check({ bucket: empty.bucket }))).toEqual({ failed: [], notTried: [] });
    expect(await contents(empty)).toEqual({ versions: [], markers: [], uploads: [] });
    await empty.drop();
  });

  it.each([
    ['a wrong access key', { accessKeyId: 'NOBODYHASTHISKEY' }, 'credentials', 'S3.ACCESS_KEY'],
    ['a wrong secret', { secretAccessKey: 'this-is-not-the-secret' }, 'credentials', 'S3.SIGNATURE'],
    ['a bucket that is not there', { bucket: freshName('missing') }, 'bucket', 'S3.NO_SUCH_BUCKET'],
    ['a port where nobody listens', { endpoint: 'http://127.0.0.1:9' }, 'endpoint', 'S3.UNREACHABLE'],
    ['a name that nobody has', { endpoint: 'http://nobody.invalid:8000' }, 'endpoint', 'S3.NO_SUCH_HOST'],
    ['an address that the guard refuses', { endpoint: 'http://169.254.169.254' }, 'endpoint', 'ENDPOINT.REFUSED'],
    ['a private address', { endpoint: 'http://10.11.12.13:8000' }, 'endpoint', 'ENDPOINT.REFUSED'],
  ])('tell %s, with a hint', async (_what, changed, name, code) => {
    const before = await contents(bucket);
    const checks = await check(changed);
    expect(outcome(checks)).toEqual({ failed: [name], notTried: everythingAfter(name).filter((n) => n !== name) });
    expect(failure(checks)).toMatchObject({
      code,
      detail: expect.stringMatching(/\w/),
      hint: expect.stringMatching(/\w/),
    });
    expect(await contents(bucket)).toEqual(before);
  });

  it.each([-1, 1])('tell a clock that is off by an hour (%i)', async (hours) => {
    const checks = await check({}, { now: () => new Date(Date.now() + hours * 3_600_000) });
    expect(outcome(checks)).toEqual({ failed: ['clock'], notTried: everythingAfter('clock') });
    expect(failure(checks)).toMatchObject({ code: 'S3.CLOCK', hint: expect.stringContaining('NTP') });
  });

  it('tell a bucket that was never versioned, and try the rest all the same', async () => {
    const plain = await freshBucket({ versioning: 'none', prefix: 'checks-plain' });
    const checks = await check({ bucket: plain.bucket });
    expect(outcome(checks)).toEqual({ failed: ['versioning'], notTried: [] });
    expect(failure(checks)).toMatchObject({ code: 'S3.VERSIONING_OFF', hint: expect.stringMatching(/\w/) });
    await plain.drop();
  });

  it('tell a bucket whose versioning is suspended', async () => {
    const suspended = await freshBucket({ prefix: 'checks-suspended' });
    await setVersioning(suspended.s3, suspended.bucket, 'Suspended');
    const checks = await check({ bucket: suspended.bucket });
    expect(outcome(checks)).toEqual({ failed: ['versioning'], notTried: [] });
    expect(failure(checks)).toMatchObject({ code: 'S3.VERSIONING_SUSPENDED', hint: expect.stringMatching(/\w/) });
    await suspended.drop();
  });

  it('propose the other scheme where it was only assumed', async () => {
    const alternative = 'http://127.0.0.1:9';
    const checks = await check({ endpoint: 'https://127.0.0.1:9' }, { alternative });
    expect(failure(checks)?.hint).toContain(alternative);
  });
});

async function contents({ s3, bucket: Bucket }: FreshBucket) {
  const { Versions = [], DeleteMarkers = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket }));
  const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket }));
  return { versions: Versions, markers: DeleteMarkers, uploads: Uploads };
}
