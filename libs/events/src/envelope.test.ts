import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CloudEvent, toKafkaMessage } from './envelope.js';
import { parseEvent } from './parse-event.js';

const time = '2026-01-02T03:04:05.678Z';

function changed(key: string, metadata: Record<string, string> = {}): CloudEvent<'ObjectChanged'> {
  const description = {
    contentType: null,
    headers: {},
    metadata,
    tags: {},
    describedFrom: '1',
    describedAt: '2',
  };
  const data = {
    mirrorId: 'm',
    bucket: 'photos',
    key,
    versionId: 'v',
    kind: 'version' as const,
    isLatest: true,
    place: 1,
    size: 0,
    etag: '',
    lastModified: time,
    storageClass: 'STANDARD',
    startedAt: '1',
    endedAt: '2',
    description,
  };
  return { id: 'i', type: 'ObjectChanged', source: 'poller', subject: `photos/${key}`, time, data };
}

/** As it comes from Kafka: all bytes. */
function overTheWire(event: CloudEvent) {
  const { value, headers } = toKafkaMessage(event);
  const bytes = Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)]);
  return parseEvent(Buffer.from(value), Object.fromEntries(bytes));
}

describe('an event', () => {
  it('comes back as it was said, whatever its key and metadata', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('%', '%2F', '%zz', '//', '..', '\u0000', '\uFFFF', '🙂', '\uFEFF'),
    );
    // JavaScript objects can't be given a field of this name by assignment.
    const name = text.filter((one) => one !== '__proto__');
    fc.assert(
      fc.property(text, fc.dictionary(name, text, { maxKeys: 4 }), (key, metadata) => {
        const event = changed(key, { ...metadata });
        expect(overTheWire(event)).toEqual({ kind: 'event', event });
      }),
    );
  });

  it('keeps a lone surrogate in its data; its subject and key say U+FFFD, which has a UTF-8', () => {
    const event = changed('a\uD800b');
    const parsed = overTheWire(event);
    expect(parsed).toEqual({ kind: 'event', event: { ...event, subject: 'photos/a\uFFFDb' } });
    expect(toKafkaMessage(event).key).toBe('photos/a\uFFFDb');
  });

  it('says its subject in plain UTF-8, as CloudEvents on Kafka do', () => {
    expect(toKafkaMessage(changed('100 % ü')).headers.ce_subject).toBe('photos/100 % ü');
  });
});
