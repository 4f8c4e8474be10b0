import { randomBytes } from 'node:crypto';
import type { StoredDescription } from '@mirror/namespace';
import type { ClientSession, Collection, Db } from 'mongodb';
import type { ChecksumAlgorithm } from '../body/checksums.js';

/** What a completion was answered, to be answered again. */
export interface CompletedUpload {
  readonly versionId: string;
  /** Without quotes. */
  readonly etag: string;
  /** Of the whole object, in base64, as the client was told. */
  readonly checksum?: string;
}

/** How the parts of an upload are checked, where the client said so when it began. */
export interface UploadChecksum {
  readonly algorithm: ChecksumAlgorithm;
  readonly type: 'COMPOSITE' | 'FULL_OBJECT';
}

/** A multipart upload: *open* until it is completed, with its result from then on; an aborted one is not there. */
export interface MultipartUpload {
  /** The upload id: times in ascending order, and nothing that can be guessed. */
  readonly _id: string;
  readonly mirrorId: string;
  readonly key: string;
  readonly initiatedAt: Date;
  readonly description: StoredDescription;
  readonly checksum: UploadChecksum | null;
  readonly state: 'open' | 'completed';
  /** Counts the parts that were registered: two transactions that change an upload conflict by it. */
  readonly changes: number;
  readonly completed?: CompletedUpload;
  /** Ends the document of a completed upload by a TTL index. */
  readonly endedAt?: Date;
}

export interface UploadPart {
  readonly _id: { readonly u: string; readonly n: number };
  readonly stagedId: string;
  readonly size: number;
  /** Hexadecimal: the part's ETag. */
  readonly md5: string;
  readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly value: string } | null;
  readonly at: Date;
}

export interface UploadPosition {
  readonly key: string;
  /** Empty: after every upload of that key. */
  readonly uploadId: string;
}

/** How long a completion can be repeated. */
const REPEATABLE_SECONDS = 7 * 86_400;

const open = { state: 'open' as const };

/** Multipart uploads and their parts, which are the gateway's own until an upload is completed. */
export class MultipartUploads {
  readonly #uploads: Collection<MultipartUpload>;
  readonly #parts: Collection<UploadPart>;

  constructor(db: Db) {
    this.#uploads = db.collection('multipartUploads', { writeConcern: { w: 'majority' } });
    this.#parts = db.collection('uploadParts', { writeConcern: { w: 'majority' } });
  }

  async init(): Promise<void> {
    await this.#uploads.createIndexes([
      { key: { mirrorId: 1, key: 1, _id: 1 }, name: 'listing' },
      { key: { state: 1, initiatedAt: 1 }, name: 'age' },
      { key: { endedAt: 1 }, name: 'ended', expireAfterSeconds: REPEATABLE_SECONDS, sparse: true },
    ]);
  }

  async create(
    upload: Pick<MultipartUpload, 'mirrorId' | 'key' | 'description' | 'checksum'>,
    now: Date,
  ): Promise<string> {
    const _id = newUploadId(now);
    await this.#uploads.insertOne({ _id, ...upload, initiatedAt: now, state: 'open', changes: 0 });
    return _id;
  }

  /** Null: there is none of that id for that key. */
  find(mirrorId: string, key: string, uploadId: string, session?: ClientSession): Promise<MultipartUpload | null> {
    return this.#uploads.findOne({ _id: uploadId, mirrorId, key }, { session });
  }

  /** Changes the upload in a transaction that only one can win; false when it is not open any more. */
  async touch(session: ClientSession, uploadId: string): Promise<boolean> {
    const { matchedCount } = await this.#uploads.updateOne(
      { _id: uploadId, ...open },
      { $inc: { changes: 1 } },
      { session },
    );
    return matchedCount === 1;
  }

  /** Answers the part that it takes the place of. Call {@link touch} before, in the same transaction. */
  setPart(session: ClientSession, part: UploadPart): Promise<UploadPart | null> {
    return this.#parts.findOneAndReplace({ _id: part._id }, withoutId(part), { session, upsert: true });
  }

  /** In the order of their numbers, after `after`. */
  parts(uploadId: string, after: number, limit: number, session?: ClientSession): Promise<UploadPart[]> {
    const range = { $gt: { u: uploadId, n: after }, $lt: { u: uploadId, n: Number.MAX_SAFE_INTEGER } };
    return this.#parts.find({ _id: range }, { session, sort: { _id: 1 }, limit }).toArray();
  }

  /** Its parts go: what they staged belongs to the object now, or to nobody. Call {@link touch} before. */
  async complete(session: ClientSession, uploadId: string, completed: CompletedUpload, now: Date): Promise<void> {
    const change = { $set: { state: 'completed' as const, completed, endedAt: now } };
    await this.#uploads.updateOne({ _id: uploadId, ...open }, change, { session });
    await this.#dropParts(session, uploadId);
  }

  /** Call {@link touch} before. */
  async abort(session: ClientSession, uploadId: string): Promise<void> {
    await this.#uploads.deleteOne({ _id: uploadId, ...open }, { session });
    await this.#dropParts(session, uploadId);
  }

  /** Open ones whose key begins with the prefix, by key and then by age, after a position. */
  async *list(mirrorId: string, prefix: string, after: UploadPosition): AsyncGenerator<MultipartUpload, void> {
    const { key, uploadId } = after;
    const next = uploadId === '' ? [] : [{ key, _id: { $gt: uploadId } }];
    const filter = { mirrorId, key: { $gte: prefix }, ...open, $or: [{ key: { $gt: key } }, ...next] };
    for await (const upload of this.#uploads.find(filter, { sort: { key: 1, _id: 1 } })) {
      if (!upload.key.startsWith(prefix)) return; // by bytes, those with the prefix are side by side
      yield upload;
    }
  }

  /** Ids of open ones that began longer ago than this, the oldest first. */
  async olderThan(seconds: number, limit: number): Promise<string[]> {
    const old = { $expr: { $lt: ['$initiatedAt', { $subtract: ['$$NOW', seconds * 1_000] }] } };
    const found = this.#uploads.find({ ...open, ...old }, { sort: { initiatedAt: 1 }, limit, projection: { _id: 1 } });
    return (await found.toArray()).map(({ _id }) => _id);
  }

  /** The mirror's life ended. What its parts staged is swept by its intents. */
  async dropMirror(mirrorId: string): Promise<void> {
    for await (const { _id } of this.#uploads.find({ mirrorId }, { projection: { _id: 1 } })) {
      await this.#dropParts(undefined, _id);
      await this.#uploads.deleteOne({ _id });
    }
  }

  async #dropParts(session: ClientSession | undefined, uploadId: string): Promise<void> {
    const range = { $gte: { u: uploadId, n: 0 }, $lt: { u: uploadId, n: Number.MAX_SAFE_INTEGER } };
    await this.#parts.deleteMany({ _id: range }, { session });
  }
}

const newUploadId = (now: Date): string =>
  now.getTime().toString(16).padStart(12, '0') + randomBytes(14).toString('hex');

const withoutId = ({ _id, ...part }: UploadPart): Omit<UploadPart, '_id'> => part;
