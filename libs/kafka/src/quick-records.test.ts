import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeRecord, quickenRecords, type RecordFields } from './quick-records.js';

const load = createRequire(import.meta.url);
const path = 'kafkajs/src/protocol/recordBatch/record/v0/index.js';
const ofKafkajs: (fields: RecordFields) => { readonly buffer: Buffer } = load(path);

const text = fc.string({ unit: 'binary' });
const bytes = fc.uint8Array().map((some) => Buffer.from(some));
const present = fc.oneof(text, bytes);
const fields: fc.Arbitrary<RecordFields> = fc.record({
  key: fc.option(present),
  value: fc.option(
    fc.oneof(
      present,
      fc.integer({ min: 15_000, max: 40_000 }).map((length) => 'ü'.repeat(length)),
    ),
  ),
  headers: fc.dictionary(text, fc.oneof(present, fc.array(present, { minLength: 1 }))),
  offsetDelta: fc.nat(),
  timestampDelta: fc.oneof(fc.integer(), fc.integer({ min: 0, max: 2 ** 45 })),
});

describe('the encoder of records', () => {
  it('writes the very bytes that kafkajs writes, whatever the message', () => {
    fc.assert(fc.property(fields, (record) => encodeRecord(record).buffer.equals(ofKafkajs(record).buffer)));
  });

  it('writes a record that has nothing but a value', () => {
    expect(encodeRecord({ value: 'v' }).buffer).toEqual(ofKafkajs({ value: 'v' }).buffer);
  });

  it('leaves the bytes of a record alone when it writes the next', () => {
    const first = encodeRecord({ key: 'a', value: 'first' }).buffer;
    const before = Buffer.from(first);
    encodeRecord({ key: 'b', value: 'second' });
    expect(first).toEqual(before);
  });

  it('is what kafkajs gets when it loads its own', () => {
    quickenRecords();
    expect(load(path)).toBe(encodeRecord);
  });
});
