import type { Readable } from 'node:stream';
import type { StoredDescription } from '@mirror/namespace';
import type { ByteRange } from '../protocol/byte-range.js';
import { judgeConditions } from '../protocol/conditions.js';
import { type CopySource, readCopySource } from '../protocol/copy-source.js';
import { S3Error, serviceUnavailable } from '../protocol/errors.js';
import { descriptionIn } from '../protocol/upload-headers.js';
import { bucketNamed, mayUse } from './access.js';
import { type FoundObject, findNamed } from './find-object.js';
import { openVersion } from './open-version.js';
import type { Call, Sources } from './operation.js';

export interface FoundSource {
  readonly named: CopySource;
  readonly found: FoundObject;
}

/** The version that is to be copied. Throws as reading it would; PreconditionFailed; InvalidRequest for a delete marker. */
export async function findSource(call: Call, sources: Sources): Promise<FoundSource> {
  const named = readCopySource(call.request);
  if (!mayUse(call.caller, named.bucket)) throw new S3Error('AccessDenied');
  const bucket = bucketNamed(sources, named.bucket);
  const found = await findNamed(sources, bucket, named.key, named.versionId).catch((error: unknown) => {
    if (!(error instanceof S3Error) || error.code !== 'MethodNotAllowed') throw error;
    throw new S3Error('InvalidRequest', {
      message: 'The source of a copy request may not specifically refer to a delete marker by version id.',
    });
  });
  if (judgeConditions(call.request, found.document, 'x-amz-copy-source-') === 'notModified') {
    throw new S3Error('PreconditionFailed', { elements: { Condition: 'x-amz-copy-source-If-None-Match' } });
  }
  return { named, found };
}

export interface OpenSource {
  readonly content: AsyncIterable<Uint8Array>;
  readonly description: Omit<StoredDescription, 'tags'>;
}

/** A range undefined: all of it. Throws ServiceUnavailable where the bytes are out of reach, before them or amid them. */
export async function openSource(
  call: Call,
  sources: Sources,
  found: FoundObject,
  range: ByteRange | undefined,
): Promise<OpenSource> {
  const { document } = found;
  const { headers, body } = await openVersion(call, sources, found, { range }, document.etag || undefined);
  const length = range === undefined ? document.size : range.last - range.first + 1;
  const { pending, description } = document;
  return {
    content: wholly(body, length),
    description: pending && description ? description : descriptionIn({ headers: toLists(headers) }),
  };
}

const toLists = (headers: Readonly<Record<string, string>>): ReadonlyMap<string, readonly string[]> =>
  new Map(Object.entries(headers).map(([name, value]) => [name, [value]]));

/** Nothing comes from the source for so long: it is given up. */
const STALL_MS = 60_000;

async function* wholly(body: Readable, expected: number): AsyncGenerator<Uint8Array, void> {
  const timer = setTimeout(() => body.destroy(new Error('the source sends nothing')), STALL_MS);
  let length = 0;
  try {
    for await (const piece of body) {
      timer.refresh();
      length += piece.length;
      yield piece;
    }
  } catch (error) {
    throw unreachable(error);
  } finally {
    clearTimeout(timer);
  }
  if (length !== expected) throw unreachable(new Error(`${length} bytes of ${expected}`));
}

const unreachable = (cause: unknown): S3Error =>
  serviceUnavailable('The source of this copy can not be read at the moment.', cause);
