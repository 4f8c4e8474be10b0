import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CloudEvent, toKafkaMessage } from './envelope.js';
import { parseEvent } from './parse-event.js';

const at = '2026-01-02T03:04:05.678Z';
const data = { mirrorId: 'm', bucket: 'photos', at };
const event: CloudEvent<'SnapshotStarted'> = {
  id: 'i',
  type: 'SnapshotStarted',
  source: 'poller',
  subject: 'photos',
  time: at,
  data,
};
const { value, headers } = toKafkaMessage(event);

describe('a message', () => {
  it.each(['ce_id', 'ce_type', 'ce_source', 'ce_subject', 'ce_time', 'ce_specversion'])(
    'without %s is invalid',
    (name) => {
      const parsed = parseEvent(value, { ...headers, [name]: undefined });
      expect(parsed).toMatchObject({ kind: 'invalid', reason: expect.stringContaining(name) });
    },
  );

  it('of another version of CloudEvents is invalid', () => {
    expect(parseEvent(value, { ...headers, ce_specversion: '0.3' })).toMatchObject({ kind: 'invalid' });
  });

  it.each(['NewType', 'toString', '__proto__', 'constructor'])('of the type %s is of an unknown type', (type) => {
    expect(parseEvent(value, { ...headers, ce_type: type })).toEqual({ kind: 'unknown', type });
  });

  it.each([
    [null, 'empty'],
    ['', 'not JSON'],
    ['{"mirrorId":', 'not JSON'],
    ['null', 'expected object'],
    ['[]', 'expected object'],
    [JSON.stringify({ ...data, bucket: 'No Bucket' }), 'bucket'],
    [JSON.stringify({ ...data, surplus: 1 }), 'surplus'],
    [JSON.stringify({ ...data, at: 'yesterday' }), 'at'],
  ])('with the value %s is invalid, and the reason says %s', (text, word) => {
    expect(parseEvent(text, headers)).toMatchObject({ kind: 'invalid', reason: expect.stringContaining(word) });
  });

  it('never makes it throw', () => {
    const header = fc.option(
      fc.oneof(
        fc.string(),
        fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      ),
      { nil: undefined },
    );
    const anyHeaders = fc.record({
      ce_id: header,
      ce_type: header,
      ce_source: header,
      ce_subject: header,
      ce_time: header,
    });
    const anyValue = fc.oneof(
      fc.constant(null),
      fc.json(),
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    );
    fc.assert(
      fc.property(anyValue, anyHeaders, fc.boolean(), (bytes, some, known) => {
        const parsed = parseEvent(bytes, { ...some, ce_specversion: '1.0', ...(known ? headers : {}) });
        expect(['event', 'unknown', 'invalid']).toContain(parsed.kind);
      }),
    );
  });
});
