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
