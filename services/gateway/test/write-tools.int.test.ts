import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { aws, boto3, curlPut, rclone, s3cmd, type ToolAccess } from '@mirror/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { RunningGateway, WRITER } from './harness/running-gateway.js';

/** What people upload with: each brings a tree through the gateway, and finds it there. */

const BUCKET = 'tools';
const MIB = 1024 * 1024;
const gateway = new RunningGateway();
let s3: S3Client;
let tree: string;
let access: ToolAccess;

const FILES: Readonly<Record<string, Buffer>> = {
  empty: Buffer.alloc(0),
  'one.txt': Buffer.from('some text'),
  'folder/with spaces/ä +%&.txt': Buffer.from('a name'),
  'folder/deep/er/still.bin': randomBytes(100_000),
  'large.bin': randomBytes(20 * MIB + 7), // several parts, of every tool
  ...Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`many/${n}`, Buffer.from(`file ${n}`)])),
};

beforeAll(async () => {
  tree = await mkdtemp(join(tmpdir(), 'gateway-tree-'));
  for (const [name, bytes] of Object.entries(FILES)) {
    await mkdir(dirname(join(tree, name)), { recursive: true });
    await writeFile(join(tree, name), bytes);
  }
  await gateway.start();
  await gateway.namespace.prepareMirror('life-1');
  await gateway.setLocation('gone', 'http://127.0.0.1:9', 'target');
  await gateway.mirror(BUCKET, 'life-1', 'gone');
  s3 = gateway.client();
  access = { endpoint: gateway.url, bucket: BUCKET, accessKeyId: WRITER.id, secretAccessKey: WRITER.secretAccessKey };
});
afterAll(async () => {
  s3?.destroy();
  await gateway.stop();
  await rm(tree, { recursive: true, force: true });
});

/** What lies under a prefix, by name, as hashes. */
async function found(Prefix: string): Promise<Record<string, string>> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix }));
  const hashes: Record<string, string> = {};
  for (const { Key = '' } of Contents) {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key }));
    const hash = createHash('sha256');
    for await (const chunk of Body as AsyncIterable<Uint8Array>) hash.update(chunk);
    hashes[Key.slice(Prefix.length)] = hash.digest('hex');
  }
  return hashes;
}

const expected = Object.fromEntries(
  Object.entries(FILES).map(([name, bytes]) => [name, createHash('sha256').update(bytes).digest('hex')]),
);

it('aws s3 sync, cp, mv and rm', async () => {
  const target = `s3://${BUCKET}/aws/`;
  await aws(access, 's3', 'sync', tree, target, '--only-show-errors');
  expect(await found('aws/')).toEqual(expected);
  expect(await aws(access, 's3', 'sync', tree, target)).toBe('');
  await aws(access, 's3', 'cp', `${target}large.bin`, `${target}copy.bin`, '--only-show-errors');
  await aws(access, 's3', 'mv', `${target}one.txt`, `${target}moved.txt`, '--only-show-errors');
  await aws(access, 's3', 'rm', `${target}many/`, '--recursive', '--only-show-errors');
  const kept = Object.entries(expected).filter(([name]) => !name.startsWith('many/') && name !== 'one.txt');
  const now = { ...Object.fromEntries(kept), 'copy.bin': expected['large.bin'], 'moved.txt': expected['one.txt'] };
  expect(await found('aws/')).toEqual(now);
});

it('rclone sync and check', async () => {
  const target = `end:${BUCKET}/rclone`;
  const flags = ['--s3-chunk-size', '5Mi', '--s3-upload-cutoff', '8Mi'];
  await rclone(access, 'sync', ...flags, tree, target);
  await rclone(access, 'check', '--one-way', tree, target);
  await rclone(access, 'check', '--download', tree, target);
  expect(await found('rclone/')).toEqual(expected);
  await rclone(access, 'delete', `${target}/many`);
  expect(Object.keys(await found('rclone/many/'))).toEqual([]);
});

it('s3cmd put, sync, modify and del', async () => {
  const target = `s3://${BUCKET}/s3cmd/`;
  const flags = ['--multipart-chunk-size-mb=5', '--no-progress'];
  await s3cmd(access, ...flags, 'put', join(tree, 'large.bin'), `${target}large.bin`);
  await s3cmd(access, ...flags, 'sync', `${tree}/`, target);
  expect(await found('s3cmd/')).toEqual(expected);
  await s3cmd(access, 'del', '--recursive', `${target}many/`);
  expect(Object.keys(await found('s3cmd/many/'))).toEqual([]);
});

it('boto3, with its default checksums and streams', async () => {
  const program = `
path = ${JSON.stringify(tree)}
S3.put_object(Bucket=BUCKET, Key='boto3/bytes', Body=b'bytes', Metadata={'a': '1'}, Tagging='t=1')
S3.put_object(Bucket=BUCKET, Key='boto3/empty', Body=b'')
with open(path + '/folder/deep/er/still.bin', 'rb') as file:
    S3.put_object(Bucket=BUCKET, Key='boto3/file', Body=file)
for algorithm in ['CRC32', 'SHA1', 'SHA256']:
    S3.put_object(Bucket=BUCKET, Key='boto3/' + algorithm, Body=b'bytes', ChecksumAlgorithm=algorithm)
S3.upload_file(path + '/large.bin', BUCKET, 'boto3/large')
S3.download_file(BUCKET, 'boto3/large', path + '/../' + os.path.basename(path) + '.back')
back = open(path + '/../' + os.path.basename(path) + '.back', 'rb').read()
os.remove(path + '/../' + os.path.basename(path) + '.back')
page = S3.get_paginator('list_objects_v2').paginate(Bucket=BUCKET, Prefix='boto3/')
keys = [found['Key'] for answer in page for found in answer['Contents']]
answer = S3.delete_objects(Bucket=BUCKET, Delete={'Objects': [{'Key': 'boto3/empty'}]})
print(json.dumps({'keys': keys, 'deleted': len(answer['Deleted']), 'large': hashlib.sha256(back).hexdigest()}))
`;
  const { keys, deleted, large } = JSON.parse(await boto3(access, program));
  expect(keys).toEqual(['CRC32', 'SHA1', 'SHA256', 'bytes', 'empty', 'file', 'large'].map((name) => `boto3/${name}`));
  expect([deleted, large]).toEqual([1, expected['large.bin']]);
  const head = await s3.send(new HeadObjectCommand({ Bucket: BUCKET, Key: 'boto3/bytes' }));
  expect(head.Metadata).toEqual({ a: '1' });
});

it('curl, which says 100-continue and presents a file', async () => {
  await curlPut(access, 'curl/large.bin', join(tree, 'large.bin'));
  expect((await found('curl/'))['large.bin']).toBe(expected['large.bin']);
});
