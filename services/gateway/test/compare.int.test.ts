import {
  ListObjectsCommand,
  type ListObjectsCommandOutput,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { aws, runTool, type ToolAccess } from '@mirror/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Comparison } from './harness/comparison.js';
import { presign } from './harness/sdk-signer.js';

/** What the SDK and curl get of the gateway, page by page and byte by byte beside what they get of the connector. */

const PAGE = 7;
const sides = new Comparison();
let s3: S3Client;

beforeAll(async () => {
  await sides.start();
  s3 = sides.gateway.client();
});
afterAll(async () => {
  s3?.destroy();
  await sides.stop();
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
    const pages = async (client: S3Client) => {
      const all = [];
      for (let token: string | undefined; ; ) {
        const input = { Bucket: sides.bucket, ...request, ContinuationToken: token };
        const page = await client.send(new ListObjectsV2Command(input));
        all.push({ ...facts(page as ListObjectsCommandOutput), count: page.KeyCount });
        token = page.NextContinuationToken;
        if (token === undefined) return all;
      }
    };
    expect(await pages(s3)).toEqual(await pages(sides.connector.s3));
  });

  it.each(requests)('ListObjects %j', async (request) => {
    const pages = async (client: S3Client) => {
      const all = [];
      for (let marker: string | undefined; ; ) {
        const page = await client.send(new ListObjectsCommand({ Bucket: sides.bucket, ...request, Marker: marker }));
        all.push(facts(page));
        if (!page.IsTruncated) return all;
        marker = page.NextMarker ?? page.Contents?.at(-1)?.Key;
      }
    };
    expect(await pages(s3)).toEqual(await pages(sides.connector.s3));
  });

  it.each(requests)('ListObjectVersions %j', async (request) => {
    const shown = (page: ListObjectVersionsCommandOutput) => ({
      versions: page.Versions?.map(({ Owner: _owner, ...version }) => version),
      markers: page.DeleteMarkers?.map(({ Owner: _owner, ...marker }) => marker),
      prefixes: page.CommonPrefixes,
      isTruncated: page.IsTruncated,
    });
    const pages = async (client: S3Client) => {
      const all = [];
      for (let markers = {}; ; ) {
        const page = await client.send(
          new ListObjectVersionsCommand({ Bucket: sides.bucket, ...request, ...markers, EncodingType: 'url' }),
        );
        all.push(shown(page));
        if (!page.IsTruncated) return all;
        const decode = (text?: string) => text && decodeURIComponent(text.replaceAll('+', ' '));
        markers = { KeyMarker: decode(page.NextKeyMarker), VersionIdMarker: page.NextVersionIdMarker };
      }
    };
    expect((await pages(s3)).map(decodeKeys)).toEqual((await pages(sides.connector.s3)).map(decodeKeys));
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
    const listed = await s3.send(new ListObjectsV2Command({ Bucket: sides.bucket, Delimiter: '/' }));
    const kinds = (listed.CommonPrefixes ?? []).filter(({ Prefix = '' }) => !/^[0-9a-f]{8}\/$/.test(Prefix));
    expect(kinds.length).toBeGreaterThan(12);
    for (const { Prefix = '' } of kinds) {
      const page = await s3.send(new ListObjectsV2Command({ Bucket: sides.bucket, Prefix, MaxKeys: 1 }));
      const fetch = async (access: ToolAccess) => curl(await presign(access, page.Contents?.[0]?.Key ?? ''));
      const [left, right] = await Promise.all([fetch(sides.ours), fetch(sides.theirs)]);
      expect(lines(left)).toEqual(lines(right));
      expect(lines(left)).toContain('http/1.1 200 ok');
    }
  });

  it('answers what the aws command line presigned', async () => {
    const key = `sums/1+1=2, 50% of 3 %41%2B+.txt`;
    const fetch = async (access: ToolAccess) =>
      curl((await aws(access, 's3', 'presign', `s3://${access.bucket}/${key}`)).trim());
    const [left, right] = await Promise.all([fetch(sides.ours), fetch(sides.theirs)]);
    expect(lines(left)).toEqual(lines(right));
    expect(lines(left)).toContain('http/1.1 200 ok');
  });
});

const curl = (url: string) => runTool('curl', ['--silent', '--show-error', '--include', url]);
