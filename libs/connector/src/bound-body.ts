import { type Readable, Transform, type TransformCallback } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';
import { TransientError } from '@mirror/runtime';

/** What the SDK collects in memory: an answer, and an error document. */
export const maxAnswerBytes = 16 * 1024 * 1024;
export const maxErrorBytes = 256 * 1024;

/**
 * Bounds every answer that the SDK would collect in memory, in bytes and in time: its own timeouts end with the headers,
 * and an endpoint may drip a body for ever. The bytes of GetObject are the caller's to stream and stay as they are.
 */
export function boundBodies(client: S3Client, timeoutMs: number): void {
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const result = await next(args);
      const response = result.response;
      if (!isAnswer(response)) return result;
      const isError = response.statusCode >= 300;
      if (!isError && context.commandName === 'GetObjectCommand') return result;
      response.body = boundBody(response.body, isError ? maxErrorBytes : maxAnswerBytes, timeoutMs);
      return result;
    },
    { name: 'boundBodies', step: 'deserialize', priority: 'low' },
  );
}

/** What the SDK's HTTP handler answers, as far as it is looked at here. */
export interface HttpAnswer {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  body: Readable;
}

export function isAnswer(response: unknown): response is HttpAnswer {
  if (typeof response !== 'object' || response === null || !('statusCode' in response)) return false;
  const body = 'body' in response ? response.body : undefined;
  return typeof body === 'object' && body !== null && 'pipe' in body;
}

function boundBody(body: Readable, maxBytes: number, timeoutMs: number): Readable {
  const limit = new ByteLimit(maxBytes);
  const timer = setTimeout(() => body.destroy(tooSlow(timeoutMs)), timeoutMs);
  body.once('error', (error) => limit.destroy(error));
  limit.once('close', () => {
    clearTimeout(timer);
    // Read to its end, the connection is kept; left half-read, it must not be.
    if (!body.readableEnded) body.destroy();
  });
  return body.pipe(limit);
}

class ByteLimit extends Transform {
  #left: number;

  constructor(private readonly maxBytes: number) {
    super();
    this.#left = maxBytes;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#left -= chunk.length;
    if (this.#left < 0) done(tooLarge(this.maxBytes));
    else done(null, chunk);
  }
}

export function tooLarge(maxBytes: number): TransientError {
  return new TransientError(`The endpoint's answer is longer than ${maxBytes} bytes`, {
    code: 'S3.TOO_LARGE',
    hint: 'S3 never answers that much: look at what else listens on that address.',
  });
}

export function tooSlow(timeoutMs: number): TransientError {
  return new TransientError(`The endpoint's answer was not complete after ${timeoutMs} ms`, {
    code: 'S3.TIMEOUT',
    hint: 'The endpoint answers too slowly: look at its load and at the network between.',
  });
}
