import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { TransientError } from '@mirror/runtime';
import { testServers } from '@mirror/testing';
import { Kafka, logLevel, type RetryOptions } from 'kafkajs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EventProducer, KafkaConnection } from '../src/index.js';
import { readRaw } from './raw-messages.js';
import { freshConnection, objectChanged, objectChanges } from './sample-events.js';

const PRODUCE = 0;

/** Between a client and the broker: while `isCutting`, a produce request arrives, and its answer does not. */
const gate = { isCutting: false, cuts: 0, server: createServer(forward) };

function forward(client: Socket): void {
  const [host, port] = (testServers().kafkaBrokers[0] ?? '').split(':');
  const broker = connect({ host: host ?? '', port: Number(port) });
  let isProduce = false;
  client.on('data', (request) => {
    // A request begins with its length in four bytes; kafkajs writes each at once.
    isProduce = request.readInt16BE(4) === PRODUCE;
    broker.write(request);
  });
  broker.on('data', (answer) => {
    if (!gate.isCutting || !isProduce) return client.write(answer);
    gate.cuts++;
    client.destroy();
  });
  client.on('close', () => broker.destroy()).on('error', () => broker.destroy());
  broker.on('close', () => client.destroy()).on('error', () => client.destroy());
}

class GatedConnection extends KafkaConnection {
  override newKafka(retry: RetryOptions): Kafka {
    const { port } = gate.server.address() as AddressInfo;
    const socketFactory = ({ onConnect }: { onConnect: () => void }) => connect({ host: '127.0.0.1', port }, onConnect);
    return new Kafka({ brokers: [...this.options.brokers], retry, socketFactory, logLevel: logLevel.NOTHING });
  }
}

const direct = freshConnection();
const connection = new GatedConnection(direct.options);
const producer = new EventProducer(connection);

beforeAll(async () => {
  await once(gate.server.listen(0, '127.0.0.1'), 'listening');
  await direct.ensureTopics([objectChanges]);
  await producer.send(objectChanges, [objectChanged('a', 1)]);
});

afterAll(async () => {
  await producer.stop();
  await Promise.all([connection.stop(), direct.stop()]);
  gate.server.close();
});

it('an event whose answer was lost is stored once, and nothing that is sent later is taken for it', async () => {
  gate.isCutting = true;
  await expect(producer.send(objectChanges, [objectChanged('a', 2)])).rejects.toBeInstanceOf(TransientError);
  expect(gate.cuts).toBeGreaterThan(1);
  gate.isCutting = false;
  // As many records as before: under the old producer's numbers the broker would take it for a repetition.
  const position = await producer.send(objectChanges, [objectChanged('a', 3)]);
  const stored = await readRaw(direct, direct.topicName(objectChanges));
  expect(stored.map(({ headers }) => headers.ce_id)).toEqual(['id-a-1', 'id-a-2', 'id-a-3']);
  expect(Object.values(position)).toEqual(['3']);
});
