import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { DeleteObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { type FreshBucket, freshBucket, startListingServer, testServers, type VersionedBucket } from '@mirror/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PlacedVersion, placeVersion } from './place-version.js';

const uuid = (last: number): string => `00000000-0000-4000-8000-${String(last).padStart(12, '0')}`;

/** Oldest first. Those of `twice` share their millisecond, and those of `mixed`: only the listed order tells them apart. */
const contents: PlacedVersion[] = [
  { key: 'plain.txt', versionId: uuid(1), at: '2026-07-01T12:00:00.001Z', body: 'one' },
  { key: 'deep/er/é 東京 +%.txt', versionId: uuid(2), at: '2026-07-01T12:00:00.002Z', body: 'two' },
  { key: 'deleted.txt', versionId: uuid(3), at: '2026-07-01T12:00:00.003Z', body: 'three' },
  { key: 'deleted.txt', versionId: uuid(4), at: '2026-07-01T12:00:01.004Z', body: null },
  { key: 'deleted.txt', versionId: uuid(5), at: '2026-07-01T12:00:02.005Z', body: 'five' },
  { key: 'deleted.txt', versionId: uuid(6), at: '2026-07-01T12:00:03.006Z', body: null },
  { key: 'twice.txt', versionId: uuid(7), at: '2026-07-01T12:00:00.0071Z', body: 'seven' },
  { key: 'twice.txt', versionId: uuid(8), at: '2026-07-01T12:00:00.0072Z', body: 'eight' },
  { key: 'mixed.txt', versionId: uuid(20), at: '2026-07-01T12:00:00.0091Z', body: 'twenty' },
  { key: 'mixed.txt', versionId: uuid(21), at: '2026-07-01T12:00:00.0092Z', body: null },
  { key: 'mixed.txt', versionId: uuid(22), at: '2026-07-01T12:00:00.0093Z', body: 'twenty-two' },
  ...Array.from({ length: 25 }, (_, n) => ({
    key: 'many.txt',
    versionId: uuid(100 + n),
    at: `2026-07-01T13:00:00.${100 + n}Z`,
    body: n % 5 === 3 ? null : `body ${n}`,
  })),
];

const buckets: FreshBucket[] = [];

async function filledBucket(changes: Record<string, Partial<PlacedVersion>> = {}): Promise<FreshBucket> {
  const fresh = await freshBucket({ prefix: 'compare' });
  buckets.push(fresh);
  for (const placed of contents)
    await placeVersion(fresh.s3, fresh.bucket, { ...placed, ...changes[placed.versionId] });
  return fresh;
}

async function removeVersion(s3: S3Client, bucket: string, key: string, versionId: string): Promise<void> {
  await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId }));
}

function fillForQuirks(bucket: VersionedBucket): void {
  bucket.versioning = 'none';
  for (let index = 0; index < 20; index += 1) bucket.put(`k/${index}`, { body: `before ${index}` });
  bucket.versioning = 'Enabled';
  for (let index = 0; index < 40; index += 1) {
    bucket.put(`k/${index}`, { body: `one ${index}` });
    if (index % 3 === 0) bucket.delete(`k/${index}`);
    if (index % 4 === 0) bucket.put(`k/${index}`, { body: `two ${index}` });
  }
  bucket.put('z', { body: 'last' });
  bucket.delete('z');
}

interface Outcome {
  code: number;
  output: string;
}

/** Runs the tool as its user does: a process of its own, judged by its exit code and what it prints. */
function compare(bucketA: string, bucketB: string, ...flags: string[]): Promise<Outcome> {
  const { endpoint, accessKeyId, secretAccessKey } = testServers().connector;
  const sides = ['a', 'b'].flatMap((side) => [`--endpoint-${side}`, endpoint, `--access-key-id-${side}`, accessKeyId]);
  const tool = fileURLToPath(new URL('../dist/main.js', import.meta.url));
  const args = [tool, '--stack', '/dev/null/none', '--bucket-a', bucketA, '--bucket-b', bucketB, ...sides, ...flags];
  const env = { ...process.env, SECRET_ACCESS_KEY_A: secretAccessKey, SECRET_ACCESS_KEY_B: secretAccessKey };
  return new Promise((resolve) => {
    execFile(process.execPath, args, { env }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, output: stdout + stderr });
    });
  });
}

describe('npm run compare', () => {
  let original: FreshBucket;
  beforeAll(async () => {
    original = await filledBucket();
  });
  afterAll(() => Promise.all(buckets.map((bucket) => bucket.drop())));

  it('finds two buckets with the same versions equal, in pages of every size', async () => {
    const copy = await filledBucket();
    for (const size of ['1', '2', '7', '1000']) {
      const { code, output } = await compare(original.bucket, copy.bucket, '--max-keys', size);
      expect(output).toContain('equal        no difference in 36 entries');
      expect(code).toBe(0);
    }
  });

  const changes: [string, string, Partial<PlacedVersion>, string[]][] = [
    ['an ETag', uuid(3), { body: 'THREE' }, [`etag         "deleted.txt" ${uuid(3)}`]],
    [
      'a size',
      uuid(1),
      { body: 'longer' },
      [`size         "plain.txt" ${uuid(1)}`, `etag         "plain.txt" ${uuid(1)}`],
    ],
    ['a time', uuid(1), { at: '2026-07-01T12:00:09.001Z' }, [`time         "plain.txt" ${uuid(1)}`]],
    ['a millisecond', uuid(1), { at: '2026-07-01T12:00:00.002Z' }, [`milliseconds "plain.txt" ${uuid(1)}`]],
    ['a marker turned version', uuid(4), { body: 'four' }, [`kind         "deleted.txt" ${uuid(4)}`]],
    [
      'an order and a latest flag, in the same millisecond',
      uuid(7),
      { at: '2026-07-01T12:00:00.0073Z' },
      [
        `latest       "twice.txt" ${uuid(8)}  A true, B false`,
        `latest       "twice.txt" ${uuid(7)}  A false, B true`,
        `order        "twice.txt" ${uuid(8)}`,
      ],
    ],
    [
      'the order of a version and a marker below the latest',
      uuid(21),
      { at: '2026-07-01T12:00:00.0090Z' },
      [`marker order "mixed.txt" ${uuid(21)}`],
    ],
    ['a key', uuid(2), { key: 'deep/er/e\u0301 東京 +%.txt' }, ['only in B', 'only in A']],
  ];
  it.each(changes)('finds %s that changed', async (_name, versionId, change, lines) => {
    const other = await filledBucket({ [versionId]: change });
    const { code, output } = await compare(original.bucket, other.bucket);
    expect(code).toBe(1);
    for (const line of lines) expect(output).toContain(line);
    const printed = output.split('\n');
    expect(printed.findIndex((line) => line.startsWith('differences'))).toBe(lines.length);
  });

  it.each(['5', '7', '1000'])('compares with an endpoint of many quirks in pages of %s', async (size) => {
    const like = await startListingServer({ personality: ['wholeSeconds'], seed: fillForQuirks });
    const quirky = await startListingServer({ personality: 'versitygw' });
    quirky.restore(like.snapshot());
    const sides = ['--endpoint-a', like.endpoint, '--endpoint-b', quirky.endpoint, '--max-keys', size];
    const { code, output } = await compare(like.bucket, quirky.bucket, ...sides);
    expect(output).toContain('no difference in 86 entries');
    expect(output).toContain('B lists delete markers apart');
    expect(code).toBe(0);
    await Promise.all([like.stop(), quirky.stop()]);
  });

  it('finds with --deep what no listing tells: other metadata, headers and tags', async () => {
    const [one, other] = await Promise.all([filledBucket(), filledBucket()]);
    const equal = await compare(one.bucket, other.bucket, '--deep');
    expect(equal.output).toContain('deep         28 versions were read on both sides');
    expect(equal.code).toBe(0);
    const details = { metadata: { a: '2' }, contentType: 'text/html', tags: 't=v' };
    const changed = await filledBucket({ [uuid(1)]: details });
    const { code, output } = await compare(one.bucket, changed.bucket, '--deep');
    expect(output).toContain(`metadata     "plain.txt" ${uuid(1)}  A [], B [["a","2"]]`);
    expect(output).toContain(`tags         "plain.txt" ${uuid(1)}  A [], B [["t","v"]]`);
    expect(output).toContain(`headers      "plain.txt" ${uuid(1)}`);
    expect(output).toContain('headers: 1, metadata: 1, tags: 1');
    expect(code).toBe(1);
    expect((await compare(one.bucket, changed.bucket)).code).toBe(0);
  });

  it('finds a version that was removed, and one that was added', async () => {
    const other = await filledBucket();
    await removeVersion(other.s3, other.bucket, 'many.txt', uuid(110));
    await placeVersion(other.s3, other.bucket, {
      key: 'plain.txt',
      versionId: uuid(9),
      at: '2026-07-01T11:00:00Z',
      body: 'added',
    });
    const { code, output } = await compare(original.bucket, other.bucket);
    expect(code).toBe(1);
    expect(output).toMatch(new RegExp(`^only in A +"many.txt" ${uuid(110)} `, 'm'));
    expect(output).toMatch(new RegExp(`^only in B +"plain.txt" ${uuid(9)} `, 'm'));
    expect(output).toContain('different    2 differences');
  });

  it('says that it could not compare, rather than equal, when a side is missing, refuses or is empty', async () => {
    const absent = await compare(original.bucket, 'no-such-bucket-here');
    expect(absent).toMatchObject({ code: 2, output: expect.stringContaining('B could not be listed: NoSuchBucket') });
    const refused = await compare(original.bucket, original.bucket, '--secret-access-key-a', 'wrong-secret-key');
    expect(refused).toMatchObject({ code: 2, output: expect.stringContaining('A could not be listed: Signature') });
    const away = await compare(original.bucket, original.bucket, '--endpoint-b', 'http://127.0.0.1:9');
    expect(away).toMatchObject({ code: 2, output: expect.stringContaining('B could not be listed') });
    const empty = await freshBucket({ prefix: 'compare' });
    buckets.push(empty);
    expect(await compare(empty.bucket, empty.bucket)).toMatchObject({ code: 2 });
    expect(await compare(empty.bucket, empty.bucket, '--allow-empty')).toMatchObject({ code: 0 });
    expect(await compare(original.bucket, empty.bucket)).toMatchObject({ code: 1 });
  });

  it('prints its usage, and refuses what it does not know', async () => {
    expect(await compare('a', 'b', '--help')).toMatchObject({ code: 0, output: expect.stringContaining('--bucket') });
    expect(await compare('a', 'b', '--nonsense')).toMatchObject({ code: 2 });
  });
});
