import type { KafkaMessage } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { deadLetter } from './dead-letter.js';
import { readDeadLetter } from './dead-letter-consumer.js';

const message: KafkaMessage = {
  key: Buffer.from('photos/a'),
  value: Buffer.from([0xff, 0x00]),
  headers: { ce_type: Buffer.from('ObjectChanged'), twice: [Buffer.from('first'), Buffer.from('second')] },
  offset: '41',
  timestamp: '1700000000000',
  attributes: 0,
};

describe('a dead letter', () => {
  it('is read as it was written: the message as it came, where from, and why', () => {
    const at = new Date('2030-01-01T00:00:00Z');
    const batch = { topic: 'changes', partition: 3 };
    const written = deadLetter(batch as never, message, { offset: '41', reason: 'ü', code: 'TEST.BAD' }, at);
    const onTopic = { ...message, ...written, offset: '7' } as KafkaMessage;
    expect(readDeadLetter('changes.dlq', 0, onTopic)).toEqual({
      topicName: 'changes',
      partition: 3,
      offset: '41',
      key: message.key,
      value: message.value,
      headers: { ce_type: 'ObjectChanged', twice: 'first' },
      reason: 'ü',
      code: 'TEST.BAD',
      at: '2030-01-01T00:00:00.000Z',
    });
  });

  it('that somebody else put there is its own origin', () => {
    expect(readDeadLetter('changes.dlq', 0, { ...message, headers: {} })).toMatchObject({
      topicName: 'changes.dlq',
      partition: 0,
      offset: '41',
      code: 'EVENT.MALFORMED',
      at: '2023-11-14T22:13:20.000Z',
    });
  });
});
