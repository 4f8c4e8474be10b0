import type { ListObjectVersionsCommand } from '@aws-sdk/client-s3';
import type { EntryKind } from './listed-entry.js';

/** What of an entry the SDK loses. */
export interface EntryOutline {
  readonly kind: EntryKind;
  /** As listed; undefined where there is none. */
  readonly lastModified: string | undefined;
}

/**
 * The SDK reads a page's `Version` and `DeleteMarker` elements into two lists and so loses how they were interleaved,
 * which is the order of a key's versions; and it rounds times that are finer than a millisecond. This looks at the body on
 * its way to the SDK's parser, and remembers only the sequence of those two elements, and their times.
 */
export function captureEntryOrder(command: ListObjectVersionsCommand): { entries(): readonly EntryOutline[] } {
  let entries: EntryOutline[] = [];
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const { response } = result;
      if (isAnswer(response) && response.statusCode === 200 && isStream(response.body)) {
        const body = await collect(response.body);
        entries = readEntryOrder(body.toString('utf8'));
        response.body = body;
      }
      return result;
    },
    // Low: nearest to the wire, so that the body is still unread.
    { step: 'deserialize', priority: 'low', name: 'captureEntryOrder' },
  );
  return { entries: () => entries };
}

/** Text can't hold a bare `<`, so an opening tag is one wherever it stands. */
export function readEntryOrder(body: string): EntryOutline[] {
  const starts = body.split(/<(?:[A-Za-z0-9]+:)?(?=(?:Version|DeleteMarker)[\s>])/).slice(1);
  return starts.map((text) => ({
    kind: text.startsWith('Version') ? 'version' : 'deleteMarker',
    lastModified: /<(?:[A-Za-z0-9]+:)?LastModified>\s*([^<\s]+)/.exec(text)?.[1],
  }));
}

function isAnswer(response: unknown): response is { statusCode: number; body: unknown } {
  return typeof response === 'object' && response !== null && 'statusCode' in response && 'body' in response;
}

function isStream(body: unknown): body is AsyncIterable<Uint8Array> {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body;
}

async function collect(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}
