import { PermanentError, TransientError } from '@mirror/runtime';
import { expect, it } from 'vitest';
import { protocolErrorType, translateKafkaError } from './translate-kafka-error.js';

const protocolError = (type: string) => Object.assign(new Error(`the broker said ${type}`), { type });
const wrapped = (cause: unknown) => new Error('retries exceeded', { cause });

it.each([
  ['MESSAGE_TOO_LARGE', PermanentError, 'KAFKA.MESSAGE_TOO_LARGE'],
  ['INVALID_TOPIC_EXCEPTION', PermanentError, 'KAFKA.BAD_TOPIC'],
  ['UNKNOWN_TOPIC_OR_PARTITION', TransientError, 'KAFKA.NO_TOPIC'],
  ['TOPIC_AUTHORIZATION_FAILED', TransientError, 'KAFKA.DENIED'],
  ['NOT_LEADER_FOR_PARTITION', TransientError, 'KAFKA.UNAVAILABLE'],
  ['OUT_OF_ORDER_SEQUENCE_NUMBER', TransientError, 'KAFKA.UNAVAILABLE'],
])('%s becomes a %o with code %s and a hint, also deep inside', (type, kind, code) => {
  for (const error of [protocolError(type), wrapped(wrapped(protocolError(type)))]) {
    const translated = translateKafkaError(error);
    expect(translated).toBeInstanceOf(kind);
    expect(translated).toMatchObject({ code, cause: error });
    expect(translated.hint).not.toBe('');
  }
});

it('takes everything else for a Kafka that is away', () => {
  for (const error of [new Error('connect ECONNREFUSED'), 'a word', undefined]) {
    expect(translateKafkaError(error)).toMatchObject({ name: 'TransientError', code: 'KAFKA.UNAVAILABLE' });
  }
});

it('leaves what is translated as it is', () => {
  const error = new TransientError('stopped', { code: 'KAFKA.STOPPED' });
  expect(translateKafkaError(error)).toBe(error);
});

it('finds the word among several errors of one request', () => {
  const several = Object.assign(new Error('topic creation'), {
    errors: [new Error('x'), protocolError('POLICY_VIOLATION')],
  });
  expect(protocolErrorType(several)).toBe('POLICY_VIOLATION');
});
