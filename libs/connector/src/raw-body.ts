import type { Readable } from 'node:stream';
import { isAnswer } from './bound-body.js';

/** What an endpoint answered, before anybody parsed it. */
export interface RawAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Only with status 200; error documents are the SDK's to read. */
  readonly body: Buffer | undefined;
}

/**
 * Takes the body of one command's successful answer as bytes; the SDK then sees an empty one, and its parser has nothing
 * to do. To be added to the command as a middleware of the deserialize step (`takeRaw`): being added after the client's
 * own, it runs between the SDK's deserializer and the bound on bodies.
 */
export class RawBody {
  /** Undefined until something was answered, with whatever status. */
  answer: RawAnswer | undefined;

  async take<T extends { response: unknown }>(result: T): Promise<T> {
    const { response } = result;
    if (!isAnswer(response)) return result;
    const { statusCode: status, headers } = response;
    this.answer = { status, headers, body: undefined };
    if (status !== 200) return result;
    this.answer = { status, headers, body: await collect(response.body) };
    Object.assign(response, { body: new Uint8Array() });
    return result;
  }
}

export const takeRaw = { step: 'deserialize', name: 'takeRawBody' } as const;

/** The stream fails by itself when the connection ends before the announced length. */
async function collect(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
