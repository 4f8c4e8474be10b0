import {
  ListObjectsCommand,
  type ListObjectsCommandOutput,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { listVersions } from '@mirror/connector';
import { type FreshBucket, freshBucket, generateBucket, testServers } from '@mirror/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mirrorListing } from './harness/fill-namespace.js';
import { aws, runTool, type ToolEndpoint } from './harness/run-tool.js';
import { RunningGateway, WRITER } from './harness/running-gateway.js';
import { presign } from './harness/sdk-signer.js';

/** What clients print of the gateway, line by line beside what they print of the connector: a thousand keys, pages of 7. */

const BUCKET = 'compared';
const PAGE = 7;
const gateway = new RunningGateway();
let connector: FreshBucket;
let ours: ToolEndpoint;
let theirs: ToolEndpoint;
let s3: S3Client;

beforeAll(async () => {
  connector = await freshBucket({ prefix: 'compare', versioning: 'none' });
  const shape = { seed: 7, versions: 1_650, hotKeyVersions: 60, nullVersions: 60, multiparts: 5, astralKeys: true };
  const { keys } = await generateBucket(connector.s3, connector.bucket, { shape });
  expect(keys).toBeGreaterThan(1_000);
  await keepFolders(connector);
  await gateway.start();
  await mirrorListing(connector.s3, connector.bucket, gateway.namespace, 'life-1');
  await gateway.setLocation('ring', testServers().connector.endpoint, connector.bucket);
  await gateway.mirror(BUCKET, 'life-1', 'ring');
  const { endpoint, accessKeyId, secretAccessKey } = testServers().connector;
  theirs = { url: endpoint, bucket: connector.bucket, accessKeyId, secretAccessKey };
  ours = { url: gateway.url, bucket: BUCKET, accessKeyId: WRITER.id, secretAccessKey: WRITER.secretAccessKey };
  s3 = gateway.client();
});
afterAll(async () => {
  s3?.destroy();
  await gateway.stop();
  await connector?.drop();
});

/** MinIO goes on listing a folder when everything in it is deleted; S3 does not. So none is left without an object. */
async function keepFolders({ s3: client, bucket }: FreshBucket): Promise<void> {
  for await (const { versions } of listVersions(client, bucket)) {
    for (const { key, kind, isLatest } of versions) {
      if (kind !== 'deleteMarker' || !isLatest) continue;
      const folder = key.slice(0, key.lastIndexOf('/') + 1);
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: `${folder}kept.txt`, Body: 'kept' }));
    }
  }
}

/** Both ends' output in lines; some of them, at least. */
async function both(work: (endpoint: ToolEndpoint) => Promise<string>): Promise<[ours: string[], theirs: string[]]> {
  const [left, right] = await Promise.all([work(ours), work(theirs)]);
  const [leftLines, rightLines] = [left.split('\n'), right.split('\n')];
  expect(rightLines.length).toBeGreaterThan(1);
  return [leftLines, rightLines];
}

describe('aws s3 ls', () => {
  it.each([
    [' --recursive', '', ['--recursive']],
    ['photos/2026/ --recursive', 'photos/2026/', ['--recursive']],
    ['', '', []],
    ['deep/3/', 'deep/3/', []],
    ['café/été', 'café/été', []],
    ['sums/1+1', 'sums/1+1', []],
  ])('s3://BUCKET/%s', async (_title, path, flags) => {
    const list = (endpoint: ToolEndpoint) =>
      aws(endpoint, 's3', 'ls', `s3://${endpoint.bucket}/${path}`, '--page-size', String(PAGE), ...flags);
    const [left, right] = await both(list);
    expect(left).toEqual(right);
  });
});

/** Owners differ: accounts are not mirrored. */
function withoutOwner(json: string): string {
  const drop = (name: string, value: unknown) => (name === 'Owner' ? undefined : value);
  return JSON.stringify(JSON.parse(json, drop), null, 1);
}

describe('aws s3api', () => {
  it.each([
    ['list-object-versions', []],
    ['list-object-versions', ['--prefix', 'hot/']],
    ['list-object-versions', ['--delimiter', '/']],
    ['list-object-versions', ['--prefix', 'photos/2026/', '--delimiter', '/']],
    ['list-objects-v2', ['--delimiter', '/']],
    ['list-objects-v2', ['--prefix', 'emoji/']],
    ['list-objects', ['--prefix', 'Case/']],
    ['list-objects', ['--delimiter', '/']],
  ])('%s %j', async (operation, options) => {
    const list = async (endpoint: ToolEndpoint) => {
      const paging = ['--page-size', String(PAGE), '--output', 'json'];
      return withoutOwner(await aws(endpoint, 's3api', operation, '--bucket', endpoint.bucket, ...paging, ...options));
    };
    const [left, right] = await both(list);
    expect(left).toEqual(right);
  });
});

describe('the SDK, page by page', () => {
  // MinIO repeats prefixes by another delimiter than a slash on every page that they reach: those are asked for in one.
  const requests = [
    { MaxKeys: PAGE },
    { MaxKeys: PAGE, Prefix: 'photos/' },
    { MaxKeys: PAGE, Delimiter: '/' },
    { MaxKeys: PAGE, Prefix: 'photos/2026/', Delimiter: '/' },
    { MaxKeys: PAGE, Prefix: 'emoji/' },
    { MaxKeys: 1_000, Prefix: 'case/', Delimiter: '-' },
    { MaxKeys: 1_000, Prefix: 'photos/2026/', Delimiter: '/IMG_' },
    { MaxKeys: 1_000, Prefix: 'emoji/', Delimiter: ' ' },
    { MaxKeys: 1_000, Prefix: '写', Delimiter: '京' },
    { MaxKeys: 1, Prefix: 'nothing has this' },
  ];
  const facts = ({ Contents, CommonPrefixes, IsTruncated }: ListObjectsCommandOutput) => ({
    objects: Contents?.map(({ Key, ETag, Size, LastModified, StorageClass }) => ({
      Key,
      ETag,
      Size,
      LastModified,
      StorageClass,
    })),
    CommonPrefixes,
    IsTruncated,
  });

  it.each(requests)('ListObjectsV2 %j', async (request) => {
    const pages = async (client: S3Client, Bucket: string) => {
      const all = [];
      for (let token: string | undefined; ; ) {
        const input = { Bucket, ...request, ContinuationToken: token };
        const page = await client.send(new ListObjectsV2Command(input));
        all.push({ ...facts(page as ListObjectsCommandOutput), count: page.KeyCount });
        token = page.NextContinuationToken;
        if (token === undefined) return all;
      }
    };
    expect(await pages(s3, BUCKET)).toEqual(await pages(connector.s3, connector.bucket));
  });

  it.each(requests)('ListObjects %j', async (request) => {
    const pages = async (client: S3Client, Bucket: string) => {
      const all = [];
      for (let marker: string | undefined; ; ) {
        const page = await client.send(new ListObjectsCommand({ Bucket, ...request, Marker: marker }));
        all.push(facts(page));
        if (!page.IsTruncated) return all;
        marker = page.NextMarker ?? page.Contents?.at(-1)?.Key;
      }
    };
    expect(await pages(s3, BUCKET)).toEqual(await pages(connector.s3, connector.bucket));
  });

  it.each(requests)('ListObjectVersions %j', async (request) => {
    const shown = (page: ListObjectVersionsCommandOutput) => ({
      versions: page.Versions?.map(({ Owner: _owner, ...version }) => version),
      markers: page.DeleteMarkers?.map(({ Owner: _owner, ...marker }) => marker),
      prefixes: page.CommonPrefixes,
      isTruncated: page.IsTruncated,
    });
    const pages = async (client: S3Client, Bucket: string) => {
      const all = [];
      for (let markers = {}; ; ) {
        const page = await client.send(
          new ListObjectVersionsCommand({ Bucket, ...request, ...markers, EncodingType: 'url' }),
        );
        all.push(shown(page));
        if (!page.IsTruncated) return all;
        const decode = (text?: string) => text && decodeURIComponent(text.replaceAll('+', ' '));
        markers = { KeyMarker: decode(page.NextKeyMarker), VersionIdMarker: page.NextVersionIdMarker };
      }
    };
    expect((await pages(s3, BUCKET)).map(decodeKeys)).toEqual(
      (await pages(connector.s3, connector.bucket)).map(decodeKeys),
    );
  });
});

/** Each end encodes spaces and slashes in its own way. */
function decodeKeys(page: unknown): unknown {
  const decode = (name: string, value: unknown) =>
    (name === 'Key' || name === 'Prefix') && typeof value === 'string'
      ? decodeURIComponent(value.replaceAll('+', ' '))
      : value;
  return JSON.parse(JSON.stringify(page), decode);
}

describe('presigned GET with curl', () => {
  const COMPARED = /^(HTTP\/1\.1|content-(type|length|range)|etag|last-modified|x-amz-(meta-.*|version-id)):? .*/i;
  const lines = (answer: string) => {
    const [head = '', ...body] = answer.split('\r\n\r\n');
    return [
      ...head
        .split('\r\n')
        .filter((line) => COMPARED.test(line))
        .map((line) => line.toLowerCase())
        .sort(),
      ...body,
    ];
  };

  it('answers the same for every kind of key', async () => {
    const listed = await s3.send(new ListObjectsV2Command({ Bucket: BUCKET, Delimiter: '/' }));
    const kinds = (listed.CommonPrefixes ?? []).filter(({ Prefix = '' }) => !/^[0-9a-f]{8}\/$/.test(Prefix));
    expect(kinds.length).toBeGreaterThan(12);
    for (const { Prefix = '' } of kinds) {
      const page = await s3.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix, MaxKeys: 1 }));
      const fetch = async (endpoint: ToolEndpoint) => curl(await presign(endpoint, page.Contents?.[0]?.Key ?? ''));
      const [left, right] = await Promise.all([fetch(ours), fetch(theirs)]);
      expect(lines(left)).toEqual(lines(right));
      expect(lines(left)).toContain('http/1.1 200 ok');
    }
  });

  it('answers what the aws command line presigned', async () => {
    const key = `sums/1+1=2, 50% of 3 %41%2B+.txt`;
    const fetch = async (endpoint: ToolEndpoint) =>
      curl((await aws(endpoint, 's3', 'presign', `s3://${endpoint.bucket}/${key}`)).trim());
    const [left, right] = await Promise.all([fetch(ours), fetch(theirs)]);
    expect(lines(left)).toEqual(lines(right));
    expect(lines(left)).toContain('http/1.1 200 ok');
  });
});

const curl = (url: string) => runTool('curl', ['--silent', '--show-error', '--include', url]);
