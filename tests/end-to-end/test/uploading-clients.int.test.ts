import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  PutObjectTaggingCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { aws, boto3, type FreshBucket, freshBucket, rclone, s3cmd } from '@mirror/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type S3Access,
  s3Client,
  waitUntilDeeplyEqual,
  waitUntilPushed,
  waitUntilStagingIsEmpty,
} from '../src/index.js';
import { connectorAccess, startTestSystem, type TestSystem } from './test-system.js';

const MIB = 1024 * 1024;

const TREE: Readonly<Record<string, Buffer>> = {
  empty: Buffer.alloc(0),
  'one.txt': Buffer.from('some text'),
  'folder/with spaces/ä +%&.txt': Buffer.from('a name'),
  'folder/deep/er/still.bin': randomBytes(100_000),
  'large.bin': randomBytes(12 * MIB + 7), // several parts, of every client
  ...Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`many/${n}`, Buffer.from(`file ${n}`)])),
};
const HUGE: Readonly<Record<string, Buffer>> = {
  'huge.bin': Buffer.concat(Array.from({ length: 10 }, () => randomBytes(30 * MIB))),
  'beside/it.txt': Buffer.from('small'),
};

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const hashes = (files: Readonly<Record<string, Buffer>>, prefix: string): Record<string, string> =>
  Object.fromEntries(Object.entries(files).map(([name, bytes]) => [prefix + name, hashOf(bytes)]));

describe('what clients write through the gateway', { timeout: 240_000 }, () => {
  let running: TestSystem;
  let target: FreshBucket;
  let mirror: S3Access;
  let folder: string;
  let tree: string;
  /** What must be at the connector in the end: hashes of the latest versions, by key. */
  const expected: Record<string, string> = {};
  beforeAll(async () => {
    [running, target, folder] = await Promise.all([
      startTestSystem(),
      freshBucket({ prefix: 'clients' }),
      mkdtemp(join(tmpdir(), 'mirror-clients-')),
    ]);
    tree = join(folder, 'tree');
    await writeTree(tree, TREE);
    await writeTree(join(folder, 'huge'), HUGE);
    mirror = await running.system.gatewayAccess(target.bucket, 'writer');
    await running.system.mirror(target.bucket, connectorAccess(target.bucket));
    await running.system.waitUntilLive(target.bucket);
  });
  afterAll(async () => {
    await running?.stop();
    await target?.drop();
    await rm(folder, { recursive: true, force: true });
  });

  function expectTree(prefix: string, ...without: string[]): void {
    Object.assign(expected, hashes(TREE, prefix));
    for (const name of without) delete expected[prefix + name];
  }
  const many = Object.keys(TREE).filter((name) => name.startsWith('many/'));

  it('aws s3 cp, and sync of a tree with a file of 300 MiB', async () => {
    const to = `s3://${target.bucket}/aws/`;
    await aws(mirror, 's3', 'sync', tree, to, '--only-show-errors');
    await aws(mirror, 's3', 'sync', join(folder, 'huge'), `${to}huge/`, '--only-show-errors');
    expect(await aws(mirror, 's3', 'sync', join(folder, 'huge'), `${to}huge/`)).toBe('');
    const headers = ['--content-type', 'text/x-own', '--cache-control', 'max-age=60', '--metadata', 'a=1,b=two'];
    await aws(mirror, 's3', 'cp', join(tree, 'one.txt'), `${to}described`, ...headers, '--only-show-errors');
    await aws(mirror, 's3', 'cp', join(tree, 'one.txt'), `${to}empty`, '--only-show-errors');
    await aws(mirror, 's3', 'rm', `${to}many/`, '--recursive', '--only-show-errors');
    expectTree('aws/', ...many);
    const one = hashOf(Buffer.from('some text'));
    Object.assign(expected, hashes(HUGE, 'aws/huge/'), { 'aws/described': one, 'aws/empty': one });
  });

  it('rclone sync and check', async () => {
    const to = `end:${target.bucket}/rclone`;
    const flags = ['--s3-chunk-size', '5Mi', '--s3-upload-cutoff', '8Mi'];
    await rclone(mirror, 'sync', ...flags, tree, to);
    await rclone(mirror, 'check', tree, to);
    await rclone(mirror, 'check', '--download', tree, to);
    await rclone(mirror, 'deletefile', `${to}/many/7`);
    expectTree('rclone/', 'many/7');
  });

  it('s3cmd put and sync', async () => {
    const to = `s3://${target.bucket}/s3cmd/`;
    const flags = ['--multipart-chunk-size-mb=5', '--no-progress'];
    const headers = ['--mime-type=text/x-own', '--add-header=Cache-Control: no-store'];
    await s3cmd(mirror, ...flags, ...headers, 'put', join(tree, 'one.txt'), `${to}described`);
    await s3cmd(mirror, ...flags, 'sync', `${tree}/`, to);
    await s3cmd(mirror, 'del', '--recursive', `${to}many/`);
    expectTree('s3cmd/', ...many);
    expected['s3cmd/described'] = hashOf(Buffer.from('some text'));
  });

  it('boto3, with metadata, headers, tags, and in parts', async () => {
    await boto3(
      mirror,
      `
path = ${JSON.stringify(tree)}
S3.put_object(Bucket=BUCKET, Key='boto3/described', Body=b'first')
S3.put_object(Bucket=BUCKET, Key='boto3/described', Body=b'some text', Metadata={'a': '1', 'b': 'two'}, Tagging='t=1&u=two',
              ContentType='text/x-own', CacheControl='max-age=60', ContentDisposition='attachment', ContentLanguage='de')
S3.put_object(Bucket=BUCKET, Key='boto3/empty', Body=b'')
S3.upload_file(path + '/large.bin', BUCKET, 'boto3/large', ExtraArgs={'Metadata': {'in': 'parts'}})
S3.put_object(Bucket=BUCKET, Key='boto3/gone', Body=b'bytes')
S3.delete_objects(Bucket=BUCKET, Delete={'Objects': [{'Key': 'boto3/gone'}]})
`,
    );
    const { 'large.bin': large = Buffer.alloc(0), 'one.txt': one = Buffer.alloc(0) } = TREE;
    Object.assign(expected, hashes({ described: one, empty: Buffer.alloc(0), large }, 'boto3/'));
  });

  it('the AWS SDK for JavaScript with its default checksums', async () => {
    const { endpoint, region, accessKeyId, secretAccessKey, bucket: Bucket } = mirror;
    const credentials = { accessKeyId, secretAccessKey };
    const sdk = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
    const described = { Metadata: { a: '1', b: 'two' }, ContentType: 'text/x-own', ContentEncoding: 'identity' };
    const { 'one.txt': one = Buffer.alloc(0), 'large.bin': large = Buffer.alloc(0) } = TREE;
    await sdk.send(new PutObjectCommand({ Bucket, Key: 'sdk/described', Body: one, ...described, Tagging: 't=1' }));
    const Body = createReadStream(join(tree, 'large.bin'));
    await sdk.send(new PutObjectCommand({ Bucket, Key: 'sdk/streamed', Body, ContentLength: large.length }));
    const CopySource = `${Bucket}/sdk/described`;
    await sdk.send(new CopyObjectCommand({ Bucket, Key: 'sdk/copied', CopySource }));
    const Tagging = { TagSet: [{ Key: 'later', Value: 'tagged' }] };
    await sdk.send(new PutObjectTaggingCommand({ Bucket, Key: 'sdk/copied', Tagging }));
    await sdk.send(new PutObjectCommand({ Bucket, Key: 'sdk/gone', Body: 'bytes' }));
    await sdk.send(new DeleteObjectCommand({ Bucket, Key: 'sdk/gone' }));
    sdk.destroy();
    Object.assign(expected, hashes({ described: one, streamed: large, copied: one }, 'sdk/'));
  });

  it('two who overwrite one key at once: the same one is latest on both sides', async () => {
    const { bucket: Bucket } = mirror;
    const s3 = s3Client(mirror);
    const keys = Array.from({ length: 20 }, (_, n) => `raced/${n}`);
    const both = keys.flatMap((Key) => ['one', 'another'].map((Body) => ({ Bucket, Key, Body: `${Body} of ${Key}` })));
    await Promise.all(both.map((put) => s3.send(new PutObjectCommand(put))));
    for (const Key of keys) {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
      expected[Key] = hashOf((await Body?.transformToByteArray()) ?? Buffer.alloc(0));
    }
    s3.destroy();
  });

  it('is at the connector, where nothing is different, byte for byte, and nothing stays behind', async () => {
    await waitUntilPushed(running.system, target.bucket);
    const { output } = await waitUntilDeeplyEqual(mirror, connectorAccess(target.bucket), 60_000);
    expect(output).toMatch(/deep +\d+ versions were read on both sides/);
    expect(await atConnector()).toEqual(expected);
    await waitUntilStagingIsEmpty(running.system);
  });

  it('has the metadata, headers and tags there that its client gave, and none of ours', async () => {
    const metadata = Object.groupBy(await metadataAtConnector(), ({ client }) => client);
    const names = (client: string) => [...new Set(metadata[client]?.flatMap((one) => Object.keys(one.metadata)))];
    expect(names('aws')).toEqual(['a', 'b']);
    expect(names('rclone').toSorted()).toEqual(['md5chksum', 'mtime']);
    expect(names('s3cmd')).toEqual(['s3cmd-attrs']);
    expect(names('boto3')).toEqual(['a', 'b', 'in']);
    expect(names('sdk')).toEqual(['a', 'b']);
    const own = { ContentType: 'text/x-own', Metadata: { a: '1', b: 'two' } };
    expect(await head('aws/described')).toMatchObject({ ...own, CacheControl: 'max-age=60' });
    expect(await head('s3cmd/described')).toMatchObject({ ContentType: 'text/x-own', CacheControl: 'no-store' });
    const more = { CacheControl: 'max-age=60', ContentDisposition: 'attachment', ContentLanguage: 'de' };
    expect(await head('boto3/described')).toMatchObject({ ...own, ...more });
    expect(await head('sdk/described')).toMatchObject({ ...own, ContentEncoding: 'identity' });
    expect(await head('sdk/copied')).toMatchObject(own);
    expect(await tags('boto3/described')).toEqual({ t: '1', u: 'two' });
    expect(await tags('sdk/described')).toEqual({ t: '1' });
    expect(await tags('sdk/copied')).toEqual({ later: 'tagged' });
  });

  const head = (Key: string) => target.s3.send(new HeadObjectCommand({ Bucket: target.bucket, Key }));

  async function tags(Key: string): Promise<Record<string, string>> {
    const { TagSet = [] } = await target.s3.send(new GetObjectTaggingCommand({ Bucket: target.bucket, Key }));
    return Object.fromEntries(TagSet.map((tag) => [tag.Key, tag.Value]));
  }

  async function keysAtConnector(): Promise<string[]> {
    const { Contents = [], IsTruncated } = await target.s3.send(new ListObjectsV2Command({ Bucket: target.bucket }));
    expect(IsTruncated).toBe(false);
    return Contents.map(({ Key = '' }) => Key);
  }

  async function atConnector(): Promise<Record<string, string>> {
    const found: Record<string, string> = {};
    for (const Key of await keysAtConnector()) {
      const { Body } = await target.s3.send(new GetObjectCommand({ Bucket: target.bucket, Key }));
      const hash = createHash('sha256');
      for await (const chunk of Body as AsyncIterable<Uint8Array>) hash.update(chunk);
      found[Key] = hash.digest('hex');
    }
    return found;
  }

  async function metadataAtConnector() {
    const found: { client: string; metadata: Record<string, string> }[] = [];
    for (const key of await keysAtConnector()) {
      const { Metadata = {} } = await head(key);
      found.push({ client: key.split('/')[0] ?? '', metadata: Metadata });
    }
    return found;
  }
});

async function writeTree(root: string, files: Readonly<Record<string, Buffer>>): Promise<void> {
  for (const [name, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), bytes);
  }
}
