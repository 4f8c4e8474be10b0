import { createServer, type Server } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { choosePorts } from './choose-ports.js';
import { readSettings, type Settings } from './settings.js';

let server: Server;
let takenPort: number;
beforeEach(async () => {
  server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  takenPort = (server.address() as { port: number }).port;
});
afterEach(() => new Promise<void>((resolve) => server.close(() => resolve())));

function settings(...flags: string[]): Settings {
  const read = readSettings(['--free-ports', ...flags], {});
  if (read === null) throw new Error('no settings');
  return read;
}

test('a taken port is named with the ways to choose another', async () => {
  const chosen = choosePorts(settings('--kafka-port', String(takenPort)));
  await expect(chosen).rejects.toThrow(`Port ${takenPort}, for kafka, is taken`);
  await expect(chosen).rejects.toThrow(`--kafka-port ${takenPort + 10}, or MIRROR_KAFKA_PORT=`);
});

test('free ports are all different', async () => {
  const ports = Object.values(await choosePorts(settings()));
  expect(new Set(ports).size).toBe(ports.length);
  expect(ports.every((port) => port > 0)).toBe(true);
});

test("somebody else's servers must be there, and their ports are not ours to find free", async () => {
  const given = ['--external-servers', '--connector-port', String(takenPort), '--kafka-port', String(takenPort)];
  const read = {
    ...settings('--external-servers'),
    ports: { ...settings().ports, connector: takenPort, kafka: takenPort },
  };
  expect(() => settings(...given)).toThrow(/is given to connector and kafka/);
  await expect(choosePorts({ ...read, ports: { ...read.ports, mongodb: 1 } })).rejects.toThrow(
    'Nothing listens on port 1, where mongodb is expected',
  );
});
