import type { ListObjectVersionsCommand } from '@aws-sdk/client-s3';
import type { EntryKind } from './listed-entry.js';

/**
 * The SDK reads a page's `Version` and `DeleteMarker` elements into two lists and so loses how they were interleaved,
 * which is the order of a key's versions. This looks at the body on its way to the SDK's parser, and remembers only the
 * sequence of those two elements.
 */
export function captureEntryOrder(command: ListObjectVersionsCommand): { kinds(): readonly EntryKind[] } {
  let kinds: EntryKind[] = [];
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const { response } = result;
      if (isAnswer(response) && response.statusCode === 200 && isStream(response.body)) {
        const body = await collect(response.body);
        kinds = readEntryOrder(body.toString('utf8'));
        response.body = body;
      }
      return result;
    },
    // Low: nearest to the wire, so that the body is still unread.
    { step: 'deserialize', priority: 'low', name: 'captureEntryOrder' },
  );
  return { kinds: () => kinds };
}

/** Text can't hold a bare `<`, so an opening tag is one wherever it stands. */
export function readEntryOrder(body: string): EntryKind[] {
  const tags = body.matchAll(/<(?:[A-Za-z0-9]+:)?(Version|DeleteMarker)[\s>]/g);
  return Array.from(tags, ([, name]) => (name === 'Version' ? 'version' : 'deleteMarker'));
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
