import fc from 'fast-check';
import { Timestamp } from 'mongodb';
import { expect, it } from 'vitest';
import type { OperationWhat } from './pending-operation.js';
import { operationOf, uploadEvent } from './upload-event.js';

const text = fc.string({ unit: 'binary', minLength: 1 }).filter((one) => one !== '__proto__' && !/^\d+$/.test(one));
const pairs = fc.uniqueArray(fc.tuple(text, fc.string()), { selector: ([name]) => name, maxLength: 4 });
const date = fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('2100-01-01') });
const part = fc.record({
  stagedId: text,
  size: fc.nat(),
  md5: fc.constant('d41d8cd98f00b204e9800998ecf8427e'),
});
const what = fc.oneof(
  fc.record({
    kind: fc.constant('put' as const),
    versionId: text,
    size: fc.nat(),
    etag: text,
    content: fc.record({
      form: fc.constantFrom('single' as const, 'multipart' as const),
      parts: fc.array(part, { minLength: 1, maxLength: 3 }),
    }),
    description: fc.record({
      contentType: fc.option(text),
      headers: pairs,
      metadata: pairs,
      tags: pairs,
    }),
  }),
  fc.record({ kind: fc.constant('deleteMarker' as const), versionId: text }),
  fc.record({
    kind: fc.constant('deleteVersion' as const),
    versionId: text,
    target: fc.constantFrom('version' as const, 'deleteMarker' as const),
    etag: fc.option(text),
    lastModified: date,
  }),
  fc.record({ kind: fc.constant('tag' as const), versionId: text, tags: pairs }),
);

it('an operation is made again from its event as it was', () => {
  fc.assert(
    fc.property(what, text, fc.integer({ min: 1 }), date, (accepted: OperationWhat, key, sequence, acceptedDate) => {
      const operation = {
        _id: 'o1',
        mirrorId: 'm1',
        bucket: 'photos',
        key,
        sequence,
        acceptedAt: new Timestamp({ t: 1_800_000_000, i: 7 }),
        acceptedDate,
        what: accepted,
      };
      const event = uploadEvent(operation, 'gateway');
      const overTheWire = { ...event, data: JSON.parse(JSON.stringify(event.data)) };
      expect(operationOf(overTheWire)).toEqual(operation);
    }),
  );
});
