import { createServer } from 'node:net';
import { testServers, waitFor } from '@mirror/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { versionDocument } from './harness/fill-namespace.js';
import { RunningGateway, WRITER } from './harness/running-gateway.js';
import { presign } from './harness/sdk-signer.js';
import { TcpProxy } from './harness/tcp-proxy.js';

/** Buckets that come and go, and servers that are away. */

const gateway = new RunningGateway();
const mongo = new TcpProxy(`http://${new URL(testServers().mongodbUrl).host}`);

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function keysOf(endpoint: string, bucket: string): Promise<string> {
  const signer = { endpoint, bucket, accessKeyId: WRITER.id, secretAccessKey: WRITER.secretAccessKey };
  const response = await fetch(await presign({ ...signer, query: { 'list-type': '2' } }, ''));
  const body = await response.text();
  return [response.status, ...body.matchAll(/<(?:Key|Code)>(.*?)</g)]
    .map((part) => (Array.isArray(part) ? part[1] : part))
    .join(' ');
}

beforeAll(async () => {
  await gateway.start();
});
afterAll(() => gateway.stop());

it('a bucket that was detached is gone, and its next life shows nothing of the first', async () => {
  for (const life of ['life-1', 'life-2']) {
    await gateway.namespace.prepareMirror(life);
    await gateway.namespace.versions(life).insertOne(versionDocument(`of ${life}`, 'v1'));
  }
  await gateway.setLocation('ring', 'http://127.0.0.1:9', 'target');
  expect(await keysOf(gateway.url, 'phoenix')).toBe('404 NoSuchBucket');
  await gateway.mirror('phoenix', 'life-1', 'ring');
  expect(await keysOf(gateway.url, 'phoenix')).toBe('200 of life-1');
  await gateway.detach('phoenix', 'life-1', 'ring');
  expect(await keysOf(gateway.url, 'phoenix')).toBe('404 NoSuchBucket');
  await gateway.mirror('phoenix', 'life-2', 'ring');
  expect(await keysOf(gateway.url, 'phoenix')).toBe('200 of life-2');
});

it('until Kafka has told the buckets it is alive, not ready, and denies none', async () => {
  const [port, kafkaPort] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${port}`;
  const late = new RunningGateway();
  const started = late.start({ PORT: String(port), KAFKA_BROKERS: `127.0.0.1:${kafkaPort}` });
  await waitFor(async () => (await fetch(`${url}/livez`)).ok, { what: 'the gateway to be alive' });
  const ready = await fetch(`${url}/readyz`);
  expect([ready.status, await ready.json()]).toMatchObject([503, { checks: { 'state-topics': 'unavailable' } }]);
  expect(await keysOf(url, 'phoenix')).toBe('503 ServiceUnavailable');
  const kafka = new TcpProxy(`http://${testServers().kafkaBrokers[0]}`);
  await kafka.start(kafkaPort);
  await started;
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  expect(await keysOf(url, 'phoenix')).toBe('404 NoSuchBucket');
  await late.stop();
  await kafka.stop();
});

it('without MongoDB it is not ready, and answers 503 until it is back', async () => {
  const port = await freePort();
  const address = await mongo.start(port);
  const cut = new RunningGateway();
  const url = `${address.replace('http', 'mongodb')}/lifecycle?directConnection=true&serverSelectionTimeoutMS=500`;
  await cut.start({ MONGODB_URL: url });
  await cut.mirror('phoenix', 'life-1', 'ring');
  expect(await keysOf(cut.url, 'phoenix')).toBe('200');
  await mongo.stop();
  expect(await keysOf(cut.url, 'phoenix')).toBe('503 ServiceUnavailable');
  expect((await fetch(`${cut.url}/readyz`)).status).toBe(503);
  const back = new TcpProxy(`http://${new URL(testServers().mongodbUrl).host}`);
  await back.start(port);
  await waitFor(async () => (await keysOf(cut.url, 'phoenix')) === '200', { what: 'listings to be back' });
  await cut.stop();
  await back.stop();
});
