import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { isTaken, type RunningServers, startServers } from '../src/index.js';

let dataDir: string;
let servers: RunningServers;
beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'second-set-'));
  servers = await startServers({ dataDir });
});
afterAll(async () => {
  await servers.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

test('a second set runs beside the first one, on other ports', async () => {
  const first = inject('servers');
  expect(first?.mongodbUrl).not.toBe(servers.mongodb.url);
  expect(first?.kafkaBrokers).not.toEqual(servers.kafka.brokers);
  expect(first?.connector.endpoint).not.toBe(servers.connector.endpoint);
  for (const url of [first?.mongodbUrl ?? '', servers.mongodb.url]) {
    const client = await MongoClient.connect(url);
    expect((await client.db().command({ hello: 1 })).setName).toBe('rs0');
    await client.close();
  }
});

test('MongoDB that was killed has what was acknowledged when it is back', async () => {
  const write = await MongoClient.connect(servers.mongodb.url);
  await write
    .db('t')
    .collection<{ _id: number }>('c')
    .insertOne({ _id: 1 }, { writeConcern: { w: 'majority', j: true } });
  await write.close();
  await servers.mongodb.kill();
  expect(servers.mongodb.pid).toBe(0);
  await servers.mongodb.start();
  const read = await MongoClient.connect(servers.mongodb.url);
  expect(await read.db('t').collection('c').countDocuments()).toBe(1);
  await read.close();
});

test('Kafka that was stopped comes back on the same port', async () => {
  await servers.kafka.stop();
  expect(await isTaken(servers.kafka.port)).toBe(false);
  await servers.kafka.start();
  expect(await isTaken(servers.kafka.port)).toBe(true);
});

test('a death that nobody asked for is reported, a stop is not', async () => {
  let deaths = 0;
  servers.connector.onDeath(() => {
    deaths += 1;
  });
  await servers.connector.stop();
  await servers.connector.start();
  expect(deaths).toBe(0);
  process.kill(servers.connector.pid, 'SIGKILL');
  await expect.poll(() => deaths, { timeout: 5000 }).toBe(1);
  await servers.connector.start();
});

test('a server that cannot start says why', async () => {
  const other = mkdtempSync(join(tmpdir(), 'no-set-'));
  const start = startServers({ dataDir: other, ports: { mongodb: servers.mongodb.port } });
  await expect(start).rejects.toThrow(`MongoDB can't be started: port ${servers.mongodb.port} is taken`);
  rmSync(other, { recursive: true, force: true });
});
