import { createLogger } from '@mirror/runtime';
import { logLevel } from 'kafkajs';
import { expect, it } from 'vitest';
import { kafkaLog, kafkaLogLevel } from './kafka-log.js';

function logged(level: logLevel, namespace: string, message: string): Record<string, unknown> | undefined {
  const lines: string[] = [];
  const logger = createLogger('test', 'trace', { write: (line) => lines.push(line) });
  const log = { timestamp: '2026-01-02T03:04:05.678Z', logger: 'kafkajs', message, groupId: 'g' };
  kafkaLog(logger)(level)({ namespace, level, label: '', log });
  return lines[0] === undefined ? undefined : JSON.parse(lines[0]);
}

it.each([
  [logLevel.ERROR, 'Consumer', 'Crash: x', 'error'],
  [logLevel.WARN, 'Runner', 'The group is rebalancing', 'warn'],
  [logLevel.INFO, 'Consumer', 'Starting', 'info'],
  [logLevel.DEBUG, 'Connection', 'Request', 'debug'],
  [logLevel.ERROR, 'Connection', 'Connection error: ECONNREFUSED', 'debug'],
  [logLevel.WARN, 'Producer', 'Limiting retries for the idempotent producer may invalidate EoS guarantees', 'debug'],
] as const)('level %i of %s, "%s", is logged as %s', (level, namespace, message, expected) => {
  expect(logged(level, namespace, message)).toMatchObject({ level: expected, msg: message, namespace, groupId: 'g' });
});

it('asks kafkajs for no more than the logger takes', () => {
  const levels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'].map((level) =>
    kafkaLogLevel(createLogger('t', level)),
  );
  const { DEBUG, INFO, WARN, ERROR, NOTHING } = logLevel;
  expect(levels).toEqual([DEBUG, DEBUG, INFO, WARN, ERROR, NOTHING]);
});
