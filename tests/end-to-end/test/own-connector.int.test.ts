import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ListMultipartUploadsCommand, ListObjectVersionsCommand } from '@aws-sdk/client-s3';
import { LocalStack, readSettings, type StackFile } from '@mirror/local';
import { type FreshBucket, freshBucket, generateBucket, setVersioning, testServers } from '@mirror/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitUntilEqual } from '../src/index.js';

/** `npm start -- --endpoint … --bucket …`, in a clone's folder of its own. */
describe('a bucket of one’s own connector instead of the sample', { timeout: 120_000 }, () => {
  const { endpoint, accessKeyId, secretAccessKey } = testServers().connector;
  const clone = mkdtempSync(join(tmpdir(), 'mirror-own-'));
  const said: string[] = [];
  let target: FreshBucket;
  let stack: LocalStack;
  const { execArgv } = process;
  beforeAll(async () => {
    process.execArgv = []; // the services get those of `npm start`, and not the test runner's
    symlinkSync(fileURLToPath(new URL('../../../services', import.meta.url)), join(clone, 'services'));
    target = await freshBucket({ prefix: 'own', versioning: 'none' });
    const shape = { versions: 300, hotKeyVersions: 5, nullVersions: 20, multiparts: 2 };
    await generateBucket(target.s3, target.bucket, { shape });
  });
  afterAll(async () => {
    process.execArgv = execArgv;
    await stack?.stop();
    await target?.drop();
    rmSync(clone, { recursive: true, force: true, maxRetries: 3 });
  });

  async function start(): Promise<void> {
    const flags = ['--free-ports', '--endpoint', endpoint, '--bucket', target.bucket, '--log-level', 'warn'];
    const keys = { CONNECTOR_ACCESS_KEY_ID: accessKeyId, CONNECTOR_SECRET_ACCESS_KEY: secretAccessKey };
    const settings = readSettings(flags, keys);
    if (settings === null) throw new Error('no settings');
    stack = new LocalStack(clone, settings, (line) => said.push(line));
    await stack.start();
  }

  /** All that is in the user's bucket. */
  async function inBucket(): Promise<unknown> {
    const Bucket = target.bucket;
    const { Versions, DeleteMarkers } = await target.s3.send(new ListObjectVersionsCommand({ Bucket }));
    const { Uploads } = await target.s3.send(new ListMultipartUploadsCommand({ Bucket }));
    return { Versions, DeleteMarkers, Uploads };
  }

  it('says which prerequisite is not met, and how to mend it', async () => {
    await setVersioning(target.s3, target.bucket, 'Suspended');
    await expect(start()).rejects.toThrow(/prerequisites are not met:\n {2}versioning: .*\n {4}.*[Ee]nable/);
    await stack.stop();
    await setVersioning(target.s3, target.bucket, 'Enabled');
  });

  it('is mirrored, by the same folder’s next start, and nothing is written into it', async () => {
    const before = await inBucket();
    await start();
    expect(said).toContainEqual(expect.stringMatching(/^Mirror own-\w+: live, \d+ versions mirrored$/));
    expect(said.at(-1)).toContain(`your connector        ${endpoint}`);
    const text = readFileSync(join(clone, '.local', 'stack.json'), 'utf8');
    const { gatewayUrl, mirroredBucket, connector, ...keys } = JSON.parse(text) as StackFile;
    const mirror = { ...keys, endpoint: gatewayUrl, region: 'us-east-1', bucket: mirroredBucket };
    await waitUntilEqual(mirror, connector, 30_000);
    expect(connector).toMatchObject({ endpoint, bucket: target.bucket });
    expect(await inBucket()).toEqual(before);
  });

  it('starts no stand-in connector, and shows the secret on no screen', () => {
    expect(existsSync(join(clone, '.local', 'logs', 'mongodb.log'))).toBe(true);
    expect(existsSync(join(clone, '.local', 'logs', 'minio.log'))).toBe(false);
    expect(said.join('\n')).not.toContain(secretAccessKey);
  });
});
