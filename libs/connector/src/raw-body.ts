import type { Readable } from 'node:stream';
import { isAnswer } from './bound-body.js';

/** An answer with status 200, before anybody parsed it. */
export interface RawAnswer {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/**
 * Takes the body of one command's successful answer as bytes; the SDK then sees an empty one, and its parser has nothing
 * to do. Errors stay the SDK's. To be added to the command as a middleware of the deserialize step: being added after
 * the client's own, it runs between the SDK's deserializer and the bound on bodies.
 */
export class RawBody {
  /** Undefined until a command has succeeded, and when it did with another status than 200. */
  answer: RawAnswer | undefined;

  async take<T extends { response: unknown }>(result: T): Promise<T> {
    const { response } = result;
    if (!isAnswer(response) || response.statusCode !== 200) return result;
    this.answer = { headers: response.headers, body: await collect(response.body) };
    Object.assign(response, { body: new Uint8Array() });
    return result;
  }
}

/** The stream fails by itself when the connection ends before the announced length. */
async function collect(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
