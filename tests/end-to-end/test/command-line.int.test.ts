import { ListObjectVersionsCommand } from '@aws-sdk/client-s3';
import { type FreshBucket, freshBucket, type GeneratedBucket, generateBucket } from '@mirror/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AwsCli, curl } from '../src/aws-cli.js';
import { type S3Access, waitUntilEqual } from '../src/index.js';
import { connectorAccess, startTestSystem, type TestSystem } from './test-system.js';

/** Fields that both sides must print alike. Owners are each endpoint's own. */
const versionFields =
  '{versions: Versions[].[Key,VersionId,IsLatest,LastModified,ETag,Size,StorageClass], ' +
  'markers: DeleteMarkers[].[Key,VersionId,IsLatest,LastModified], prefixes: CommonPrefixes[].Prefix}';
const objectFields =
  '{objects: Contents[].[Key,LastModified,ETag,Size,StorageClass], prefixes: CommonPrefixes[].Prefix}';

const prefixes = [
  'café/',
  'cafe\u0301/',
  'my documents/report 1',
  'sums/1+1=2, 50% of 1',
  '写真/',
  'photos/2026/07/',
  'none/',
];

describe('the command line at the gateway, against the same at the connector', () => {
  let running: TestSystem;
  let target: FreshBucket;
  let generated: GeneratedBucket;
  let connector: S3Access;
  let mirror: S3Access;
  let atConnector: AwsCli;
  let atGateway: AwsCli;
  beforeAll(async () => {
    [running, target] = await Promise.all([startTestSystem(), freshBucket({ versioning: 'none', prefix: 'cli' })]);
    const shape = { versions: 1_500, hotKeyVersions: 20, nullVersions: 30, describedShare: 0.2 };
    generated = await generateBucket(target.s3, target.bucket, { shape });
    connector = connectorAccess(target.bucket);
    mirror = await running.system.gatewayAccess(target.bucket);
    [atConnector, atGateway] = [new AwsCli(connector), new AwsCli(mirror)];
    await running.system.mirror(target.bucket, connector);
    await running.system.waitUntilLive(target.bucket);
    await waitUntilEqual(mirror, connector, 60_000);
  }, 180_000);
  afterAll(async () => {
    atConnector?.remove();
    atGateway?.remove();
    await running?.stop();
    await target?.drop();
  });

  /** Both print the same lines; answers them. */
  async function expectSame(...args: string[]): Promise<string[]> {
    const [ours, theirs] = await Promise.all([atGateway.run(...args), atConnector.run(...args)]);
    expect(ours.split('\n')).toEqual(theirs.split('\n'));
    return theirs.trimEnd().split('\n');
  }

  it('holds a thousand keys and more', () => {
    expect(generated.keys).toBeGreaterThanOrEqual(1_000);
  });

  it('aws s3 ls prints the same, whole, by folder, and in pages of 7', async () => {
    const lines = await expectSame('s3', 'ls', '--recursive', `s3://${target.bucket}`);
    expect(lines.length).toBeGreaterThan(900);
    expect(await expectSame('s3', 'ls', '--recursive', '--page-size', '7', `s3://${target.bucket}`)).toEqual(lines);
    await expectSame('s3', 'ls', `s3://${target.bucket}`);
    await expectSame('s3', 'ls', '--page-size', '7', `s3://${target.bucket}/deep/`);
  }, 240_000);

  it.each(prefixes.slice(0, -1))('aws s3 ls of the folder %j prints the same', async (prefix) => {
    expect((await expectSame('s3', 'ls', `s3://${target.bucket}/${prefix}`)).length).toBeGreaterThan(0);
  });

  const listVersions = (...more: string[]) =>
    expectSame('s3api', 'list-object-versions', '--bucket', target.bucket, '--query', versionFields, ...more);

  it('aws s3api list-object-versions prints the same, whole and in pages of 7', async () => {
    const lines = await listVersions();
    expect(lines.filter((line) => /"[0-9a-f]{8}-[0-9a-f-]{27}"|"null"/.test(line))).toHaveLength(1_500);
    expect(await listVersions('--page-size', '7')).toEqual(lines);
  }, 240_000);

  it.each(prefixes)(
    'aws s3api list-object-versions prints the same for the prefix %j',
    async (prefix) => {
      const lines = await listVersions('--prefix', prefix);
      expect(await listVersions('--prefix', prefix, '--page-size', '7')).toEqual(lines);
    },
    120_000,
  );

  it.each(['/', '1', ' ', 'é'])(
    'aws s3api prints the same with the delimiter %j, in pages of 7',
    async (delimiter) => {
      const operations: [string, string][] = [
        ['list-object-versions', versionFields],
        ['list-objects', objectFields],
        ['list-objects-v2', objectFields],
      ];
      for (const [operation, fields] of operations) {
        const args = ['s3api', operation, '--bucket', target.bucket, '--query', fields, '--delimiter', delimiter];
        const lines = await expectSame(...args);
        // MinIO does not get beyond a group of any delimiter but this one when the group is larger than the page.
        if (delimiter === '/') await expectSame(...args, '--page-size', '7');
        expect((await atGateway.run(...args, '--page-size', '7')).trimEnd().split('\n')).toEqual(lines);
      }
    },
    240_000,
  );

  it('a presigned GET with curl brings the same bytes and headers, for every kind of key', async () => {
    const page = await target.s3.send(new ListObjectVersionsCommand({ Bucket: target.bucket }));
    const folders = Map.groupBy(page.Versions ?? [], ({ Key = '' }) => Key.split('/')[0]);
    const latest = [...folders.values()].flatMap((versions) => versions.filter(({ IsLatest }) => IsLatest).slice(0, 1));
    expect(latest.length).toBeGreaterThan(10);
    for (const { Key } of latest.slice(0, 25)) {
      const [ours, theirs] = await Promise.all(
        [atGateway, atConnector].map(async (cli) => {
          const url = await cli.run('s3', 'presign', `s3://${target.bucket}/${Key}`);
          return curl(url.trim());
        }),
      );
      expect(ours?.status).toBe(200);
      expect(ours?.body).toEqual(theirs?.body);
      for (const name of [
        'etag',
        'content-type',
        'content-length',
        'last-modified',
        'x-amz-version-id',
        'cache-control',
      ]) {
        expect(`${Key} ${name} ${ours?.headers[name]}`).toBe(`${Key} ${name} ${theirs?.headers[name]}`);
      }
    }
  }, 240_000);

  it('a presigned GET that was tampered with is refused', async () => {
    const url = await atGateway.run('s3', 'presign', `s3://${target.bucket}/any.txt`);
    const refused = await curl(url.trim().replace('any.txt', 'other.txt'));
    expect(refused.status).toBe(403);
    expect(refused.body.toString()).toContain('<Code>SignatureDoesNotMatch</Code>');
  });

  it('the status says of uploads that they are not known, rather than none', async () => {
    expect((await running.system.status(target.bucket)).uploads).toBeNull();
  });
});
