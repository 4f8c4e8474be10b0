import { createHash } from 'node:crypto';
import {
  GetObjectCommand,
  type GetObjectCommandOutput,
  GetObjectTaggingCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { Difference, DifferenceKind } from './compare-listings.js';
import { createClient, type Side } from './list-versions.js';
import type { ListedEntry } from './listed-entry.js';

/** What a listing does not tell of a version; each as a text that both sides must agree on. */
export type Content = Readonly<Record<'bytes' | 'headers' | 'metadata' | 'tags', string>>;

/** A version that both sides list could not be read on one of them: nothing can be said. */
export class ReadingFailedError extends Error {
  constructor(side: 'A' | 'B', { key, versionId }: ListedEntry, cause: unknown) {
    const reason = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    super(`${JSON.stringify(key)} ${versionId} could not be read on ${side}: ${reason}`, { cause });
    this.name = 'ReadingFailedError';
  }
}

const READ_AT_ONCE = 8;

/** Reads versions on both sides, a few at once, and says in what they differ. Bytes stream through a hash. */
export class DeepComparison {
  readonly #clients: Readonly<Record<'A' | 'B', S3Client>>;
  readonly #running = new Set<Promise<void>>();
  #failure: unknown;
  /** Versions that were read on both sides. */
  compared = 0;

  constructor(
    private readonly sides: Readonly<Record<'A' | 'B', Side>>,
    private readonly onDifference: (difference: Difference) => void,
  ) {
    this.#clients = { A: createClient(sides.A), B: createClient(sides.B) };
  }

  /** Resolves when there is room for the next one. Throws ReadingFailedError of an earlier one. */
  async add(a: ListedEntry, b: ListedEntry): Promise<void> {
    if (a.kind !== 'version' || b.kind !== 'version') return;
    const task = this.#compare(a, b).catch((error: unknown) => {
      this.#failure ??= error;
    });
    this.#running.add(task);
    void task.finally(() => this.#running.delete(task));
    if (this.#running.size >= READ_AT_ONCE) await Promise.race(this.#running);
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Every one that was added has been compared. */
  async finish(): Promise<void> {
    await Promise.all(this.#running);
    if (this.#failure !== undefined) throw this.#failure;
  }

  close(): void {
    this.#clients.A.destroy();
    this.#clients.B.destroy();
  }

  async #compare(a: ListedEntry, b: ListedEntry): Promise<void> {
    const [left, right] = await Promise.all([this.#read('A', a), this.#read('B', b)]);
    this.compared += 1;
    for (const difference of compareContent(a, left, right)) this.onDifference(difference);
  }

  async #read(side: 'A' | 'B', entry: ListedEntry): Promise<Content> {
    try {
      return await readVersion(this.#clients[side], this.sides[side].bucket, entry);
    } catch (error) {
      throw new ReadingFailedError(side, entry, error);
    }
  }
}

export function* compareContent({ key, versionId }: ListedEntry, a: Content, b: Content): Generator<Difference> {
  for (const kind of ['bytes', 'headers', 'metadata', 'tags'] as const satisfies readonly DifferenceKind[]) {
    if (a[kind] !== b[kind]) yield { kind, key, versionId, a: a[kind], b: b[kind] };
  }
}

async function readVersion(client: S3Client, bucket: string, { key, versionId }: ListedEntry): Promise<Content> {
  const version = { Bucket: bucket, Key: key, VersionId: versionId };
  const object = await client.send(new GetObjectCommand(version));
  const bytes = await hashOf(object);
  const { TagSet = [] } = await client.send(new GetObjectTaggingCommand(version));
  const headers = {
    'content-type': object.ContentType,
    'cache-control': object.CacheControl,
    'content-disposition': object.ContentDisposition,
    'content-encoding': object.ContentEncoding,
    'content-language': object.ContentLanguage,
    expires: object.ExpiresString,
  };
  return {
    bytes,
    headers: inWords(Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))),
    metadata: inWords(Object.entries(object.Metadata ?? {})),
    tags: inWords(TagSet.map(({ Key = '', Value = '' }) => [Key, Value])),
  };
}

async function hashOf({ Body }: GetObjectCommandOutput): Promise<string> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of (Body ?? []) as AsyncIterable<Uint8Array>) {
    hash.update(chunk);
    size += chunk.length;
  }
  return `${size} bytes, sha256 ${hash.digest('hex')}`;
}

const inWords = (pairs: readonly (readonly string[])[]): string =>
  JSON.stringify(pairs.toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1)));
