import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { curlPut, type FreshBucket, freshBucket, testServers, waitFor } from '@mirror/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Download } from './harness/download.js';
import { mirrorListing } from './harness/fill-namespace.js';
import { RunningGateway, WRITER } from './harness/running-gateway.js';
import { presign } from './harness/sdk-signer.js';
import { TcpProxy } from './harness/tcp-proxy.js';

/** A large object on its way from the connector to a client that takes its time, leaves, or is left. */

const SIZE = 64 * 1024 * 1024;
/** What may lie between: kernel buffers of four sockets, and one high-water mark each in between. */
const BETWEEN = 32 * 1024 * 1024;
const content = randomBytes(SIZE);
const whole = { bytes: SIZE, sha256: createHash('sha256').update(content).digest('hex') };
const gateway = new RunningGateway();
const proxies: TcpProxy[] = [];
let connector: FreshBucket;

async function throughProxy(): Promise<TcpProxy> {
  const proxy = new TcpProxy(testServers().connector.endpoint);
  proxies.push(proxy);
  await gateway.setLocation('ring', await proxy.start(), connector.bucket);
  await waitFor(() => small().then(() => proxy.bytesDown > 0), { what: 'the gateway to use the proxy' });
  return proxy;
}

const url = (key: string) =>
  presign(
    { endpoint: gateway.url, bucket: 'films', accessKeyId: WRITER.id, secretAccessKey: WRITER.secretAccessKey },
    key,
  );
const begin = async () => Download.begin(await url('large'));
const small = async () => (await Download.begin(await url('small'))).finish();

/** How much came from the connector, once no more comes. */
function whenStill(proxy: TcpProxy): Promise<number> {
  let before = -1;
  const isStill = () => {
    const now = proxy.bytesDown;
    const still = now === before && now > 100_000;
    before = now;
    return still ? now : undefined;
  };
  return waitFor(isStill, { what: 'the download to stand still', intervalMs: 300 });
}

beforeAll(async () => {
  connector = await freshBucket({ prefix: 'streaming' });
  const put = (Key: string, Body: Uint8Array) =>
    connector.s3.send(new PutObjectCommand({ Bucket: connector.bucket, Key, Body }));
  await Promise.all([put('large', content), put('small', randomBytes(10))]);
  await gateway.start();
  await mirrorListing(connector.bucket, gateway.namespace, 'life-1');
  await gateway.setLocation('ring', testServers().connector.endpoint, connector.bucket);
  await gateway.mirror('films', 'life-1', 'ring');
});
afterAll(async () => {
  await gateway.stop();
  for (const proxy of proxies) await proxy.stop();
  await connector?.drop();
});

it('a client that reads slowly slows the connector down, and gets every byte in the end', async () => {
  const proxy = await throughProxy();
  const download = await begin();
  expect(await whenStill(proxy)).toBeLessThan(BETWEEN);
  expect(await download.finish()).toEqual(whole);
});

it('a client that leaves ends what was asked of the connector', async () => {
  const proxy = await throughProxy();
  const download = await begin();
  await whenStill(proxy);
  expect(proxy.connections).toBe(1);
  download.leave();
  await waitFor(() => proxy.connections === 0, { what: 'the connection to the connector to be closed' });
  expect(proxy.bytesDown).toBeLessThan(BETWEEN);
});

it('a connector that breaks off is a broken answer, never a short one', async () => {
  const proxy = await throughProxy();
  const download = await begin();
  await whenStill(proxy);
  proxy.cut();
  await expect(download.finish()).rejects.toThrow(/aborted|reset/i);
  await expect(small()).resolves.toMatchObject({ bytes: 10 });
});

it('a connection that the connector closed meanwhile is not noticed; one that it keeps closing is 503', async () => {
  const proxy = await throughProxy();
  proxy.requestsToCut = 1;
  expect(await small()).toMatchObject({ bytes: 10 });
  proxy.requestsToCut = 2;
  const { response } = await Download.begin(await url('small'));
  response.resume();
  expect(response.statusCode).toBe(503);
  expect(await small()).toMatchObject({ bytes: 10 });
});

it('a location that changes lets downloads end, and serves the next ones from its new address', async () => {
  const before = await throughProxy();
  const download = await begin();
  await whenStill(before);
  const after = await throughProxy();
  expect(await download.finish()).toEqual(whole);
  await waitFor(() => before.connections === 0, { what: 'the old connections to be closed' });
  expect(after.bytesDown).toBeLessThan(100_000);
});

it('an upload of 320 MiB and its way back take a fraction of that in memory', async () => {
  const size = 320 * 1024 * 1024;
  const folder = await mkdtemp(join(tmpdir(), 'gateway-upload-'));
  const file = join(folder, 'zeros');
  await writeFile(file, '');
  await truncate(file, size);
  const before = process.memoryUsage().rss;
  let most = before;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss);
  }, 20);
  try {
    const { id: accessKeyId, secretAccessKey } = WRITER;
    await curlPut({ endpoint: gateway.url, bucket: 'films', accessKeyId, secretAccessKey }, 'huge', file);
    expect((await (await Download.begin(await url('huge'))).finish()).bytes).toBe(size);
  } finally {
    clearInterval(watch);
    await rm(folder, { recursive: true });
  }
  // Buffers that are not collected yet take some; a body that is held takes all of it.
  expect(most - before).toBeLessThan(size * 0.75);
});

it('a stop lets downloads end and takes nothing new', async () => {
  const download = await begin();
  const stopped = gateway.stopService();
  await waitFor(
    () =>
      small().then(
        () => false,
        () => true,
      ),
    { what: 'new connections to be refused' },
  );
  expect(await download.finish()).toEqual(whole);
  await stopped;
});
