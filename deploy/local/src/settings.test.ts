import { expect, test } from 'vitest';
import { readSettings, standardPorts } from './settings.js';

test('without flags and variables the standard ports are taken', () => {
  expect(readSettings([], {})?.ports).toEqual(standardPorts);
});

test('a flag beats a variable, a variable beats the standard', () => {
  const settings = readSettings(['--kafka-port', '1'], { MIRROR_KAFKA_PORT: '2', MIRROR_CONFIG_PORT: '3' });
  expect(settings?.ports).toMatchObject({ kafka: 1, config: 3, gateway: 4000 });
});

test('free ports are for all that is not set', () => {
  const settings = readSettings(['--free-ports', '--gateway-port', '4001'], {});
  expect(settings?.ports).toMatchObject({ gateway: 4001, kafka: 0, mongodb: 0 });
});

test('all faults are told at once', () => {
  const read = () => readSettings(['--kafka-port', 'x', '--config-port', '70000', '--poller-port', '4000'], {});
  expect(read).toThrow(/--config-port.*\n.*--kafka-port.*\nport 4000 is given to gateway and poller/);
});

test('an unknown flag is refused and help asks for nothing else', () => {
  expect(() => readSettings(['--port', '1'], {})).toThrow(/--port/);
  expect(readSettings(['--help'], {})).toBeNull();
});

const keys = { CONNECTOR_ACCESS_KEY_ID: 'A', CONNECTOR_SECRET_ACCESS_KEY: 'S' };

test('endpoint and bucket name a connector of one’s own, its keys come from the environment', () => {
  const settings = readSettings(['--endpoint', '10.0.0.5:8000', '--bucket', 'invoices'], keys);
  expect(settings?.ownConnector).toEqual({
    endpoint: '10.0.0.5:8000',
    region: 'us-east-1',
    accessKeyId: 'A',
    secretAccessKey: 'S',
    bucket: 'invoices',
  });
  expect(readSettings([], keys)?.ownConnector).toBeNull();
});

test.each([
  [['--endpoint', 'h'], keys, '--endpoint needs the --bucket'],
  [['--bucket', 'invoices'], keys, 'name its --endpoint'],
  [['--endpoint', 'h', '--bucket', '../..'], keys, 'lowercase letters'],
  [['--endpoint', 'h', '--bucket', 'invoices'], {}, 'CONNECTOR_ACCESS_KEY_ID and CONNECTOR_SECRET_ACCESS_KEY'],
])('%j is refused with what is missing', (args, env, words) => {
  expect(() => readSettings(args, env)).toThrow(words);
});
