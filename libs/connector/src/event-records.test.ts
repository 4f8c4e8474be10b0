import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readEventRecords } from './event-records.js';

const record = (eventName: string, key: string, eventVersion = '2.1') => ({
  eventVersion,
  eventSource: 'aws:s3',
  eventTime: '2026-11-27T00:00:00.000Z',
  eventName,
  s3: {
    s3SchemaVersion: '1.0',
    bucket: { name: 'invoices', arn: 'arn:aws:s3:::invoices' },
    object: { key, size: 3, eTag: 'e', versionId: 'v', sequencer: '0055AED6DCD90281E5' },
  },
});
const hintsOf = (body: unknown) => {
  const read = readEventRecords(body);
  return read.kind === 'read' ? read.hints : read.reason;
};

describe('S3 event records', () => {
  it('are read as S3 sends them', () => {
    const records = [
      record('ObjectCreated:Put', 'a%2Bb+c.txt'),
      record('ObjectRemoved:DeleteMarkerCreated', 'x', '2.3'),
    ];
    expect(hintsOf({ Records: records })).toEqual([
      { bucket: 'invoices', key: 'a+b c.txt', about: 'versions' },
      { bucket: 'invoices', key: 'x', about: 'versions' },
    ]);
    expect(hintsOf({ Records: [record('ObjectTagging:Delete', 't')] })).toMatchObject([{ about: 'description' }]);
  });

  it('are read as MinIO sends them', () => {
    const body = {
      EventName: 's3:ObjectCreated:Put',
      Key: 'invoices/2026/07 é.txt',
      Records: [record('s3:ObjectCreated:PutTagging', '2026%2F07+%C3%A9.txt', '2.0')],
    };
    expect(hintsOf(body)).toEqual([{ bucket: 'invoices', key: '2026/07 é.txt', about: 'description' }]);
  });

  it('that change nothing give no hint', () => {
    expect(hintsOf({ Records: [record('s3:ObjectAccessed:Get', 'x'), record('ObjectAcl:Put', 'x')] })).toEqual([]);
    expect(hintsOf({ Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: 'invoices' })).toEqual([]);
  });

  it('are refused one by one, with words', () => {
    const records = [
      record('ObjectCreated:Put', '%E0%A4%A'),
      record('ObjectCreated:Put', 'fine'),
      record('ObjectCreated:Put', 'x', '3.0'),
      record('ObjectCreated:Put', 'é'.repeat(600)),
      {},
    ];
    const read = readEventRecords({ Records: records });
    expect(read).toMatchObject({ kind: 'read', hints: [{ key: 'fine' }] });
    const refused = read.kind === 'read' ? read.refused.join('\n') : '';
    expect(refused).toContain('Records[0]: s3.object.key: no URL-encoded key');
    expect(refused).toContain('Records[2]: eventVersion: only S3 event records of version 2.x are read');
    expect(refused).toContain('Records[3]: s3.object.key: longer than 1024 bytes');
    expect(refused).toContain('Records[4]: eventVersion');
  });

  it('are unreadable as a whole where there are none, or too many', () => {
    expect(hintsOf({ hello: 1 })).toContain('No S3 event records: Records');
    expect(hintsOf({ Records: Array.from({ length: 1_001 }, () => record('ObjectCreated:Put', 'x')) })).toContain(
      'at most 1000 records',
    );
  });

  it('never throw, whatever is sent', () => {
    fc.assert(fc.property(fc.jsonValue(), (body) => void readEventRecords(body)));
    fc.assert(fc.property(fc.array(fc.jsonValue()), (Records) => void readEventRecords({ Records })));
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 200, unit: 'grapheme' }), (key) => {
        const encoded = encodeURIComponent(key).replaceAll('%20', '+');
        expect(hintsOf({ Records: [record('ObjectCreated:Put', encoded)] })).toMatchObject([{ key }]);
      }),
    );
  });
});
