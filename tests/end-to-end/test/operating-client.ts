import { createHash } from 'node:crypto';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectTaggingCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { seededRandom } from '@mirror/testing';

/** What a version or delete marker must be, wherever it is read. */
export interface ExpectedVersion {
  readonly kind: 'version' | 'deleteMarker';
  /** As the client was answered. */
  readonly versionId: string;
  /** None for a delete marker. */
  readonly bytes: Buffer;
  readonly etag: string;
  readonly metadata: Readonly<Record<string, string>>;
  tags: Readonly<Record<string, string>>;
  /** Its bytes may be at the connector. */
  isPushed: boolean;
}

export type OperationKind = 'put' | 'delete' | 'tag' | 'untag' | 'multipart' | 'copy' | 'removeVersion';

const SHARES: readonly (readonly [OperationKind, number])[] = [
  ['put', 0.37],
  ['delete', 0.12],
  ['tag', 0.17],
  ['untag', 0.05],
  ['copy', 0.16],
  ['removeVersion', 0.12],
  ['multipart', 0.01],
];
const CLIENTS = 6;
const MIB = 1024 * 1024;

/** Clients at the gateway, each with keys of its own, and the one truth about what they were answered 2xx for. */
export class OperatingClients {
  /** Of each key, newest first. */
  readonly expected = new Map<string, ExpectedVersion[]>();
  readonly done: Record<OperationKind, number> = {
    put: 0,
    delete: 0,
    tag: 0,
    untag: 0,
    multipart: 0,
    copy: 0,
    removeVersion: 0,
  };
  readonly #random = seededRandom(5);

  constructor(
    private readonly s3: S3Client,
    private readonly bucket: string,
    private readonly keys: readonly string[],
  ) {}

  /** Throws at the first operation that is not answered 2xx. */
  async operate(count: number): Promise<void> {
    const clients = Array.from({ length: CLIENTS }, (_, client) =>
      this.keys.filter((_, at) => at % CLIENTS === client),
    );
    let left = count;
    const work = async (own: readonly string[]): Promise<void> => {
      while (left-- > 0) await this.#operate(own);
    };
    await Promise.all(clients.map(work));
  }

  async put(key: string): Promise<void> {
    const bytes = this.#bytes(Math.floor(this.#random() * 20_000));
    const metadata = { number: String(this.#total) };
    const tags: Record<string, string> = this.#random() < 0.3 ? { put: metadata.number } : {};
    const Tagging = new URLSearchParams(tags).toString();
    const object = { Bucket: this.bucket, Key: key, Body: bytes, Metadata: metadata, ...(Tagging && { Tagging }) };
    const { VersionId, ETag } = await this.s3.send(new PutObjectCommand(object));
    this.#made(key, { kind: 'version', versionId: VersionId, bytes, etag: ETag, metadata, tags });
    this.done.put += 1;
  }

  get #total(): number {
    return Object.values(this.done).reduce((sum, count) => sum + count, 0);
  }

  /** What cannot be done with the key that was drawn becomes a put. */
  async #operate(keys: readonly string[]): Promise<void> {
    const key = this.#pick(keys) ?? '';
    const versions = this.expected.get(key) ?? [];
    const objects = versions.filter(({ kind }) => kind === 'version');
    const kind = this.#drawKind();
    if (kind === 'multipart') return this.#putParts(key);
    if (kind === 'copy') return this.#copy(keys, key);
    if (kind === 'delete' && versions[0]?.kind === 'version') return this.#delete(key);
    const place = Math.floor(this.#random() * versions.length);
    if (kind === 'removeVersion' && isMadeByAll(versions.toSpliced(place, 1)))
      return this.#remove(key, versions, place);
    const target = this.#pick(objects);
    if ((kind === 'tag' || kind === 'untag') && target) return this.#tag(kind, key, target);
    return this.put(key);
  }

  #drawKind(): OperationKind {
    let left = this.#random();
    for (const [kind, share] of SHARES) {
      left -= share;
      if (left < 0) return kind;
    }
    return 'put';
  }

  #pick<T>(some: readonly T[]): T | undefined {
    return some[Math.floor(this.#random() * some.length)];
  }

  async #delete(key: string): Promise<void> {
    const { VersionId } = await this.s3.send(new DeleteObjectCommand({ Bucket: this.bucket, Key: key }));
    const nothing = { bytes: Buffer.alloc(0), etag: '', metadata: {}, tags: {} };
    this.#made(key, { kind: 'deleteMarker', versionId: VersionId, ...nothing });
    this.done.delete += 1;
  }

  async #remove(key: string, versions: ExpectedVersion[], place: number): Promise<void> {
    const VersionId = versions[place]?.versionId;
    await this.s3.send(new DeleteObjectCommand({ Bucket: this.bucket, Key: key, VersionId }));
    versions.splice(place, 1);
    this.done.removeVersion += 1;
  }

  async #tag(kind: 'tag' | 'untag', key: string, version: ExpectedVersion): Promise<void> {
    const target = { Bucket: this.bucket, Key: key, VersionId: version.versionId };
    const tags: Record<string, string> = kind === 'untag' ? {} : { later: String(this.#total) };
    const TagSet = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
    if (kind === 'untag') await this.s3.send(new DeleteObjectTaggingCommand(target));
    else await this.s3.send(new PutObjectTaggingCommand({ ...target, Tagging: { TagSet } }));
    version.tags = tags;
    this.done[kind] += 1;
  }

  /** Of a version that is not at the connector yet, to another key or to its own; there may be none. */
  async #copy(keys: readonly string[], key: string): Promise<void> {
    const sources = keys.flatMap((from) =>
      (this.expected.get(from) ?? [])
        .filter(({ kind, isPushed }) => kind === 'version' && !isPushed)
        .map((version) => ({ from, version })),
    );
    const source = this.#pick(sources);
    if (!source) return this.put(key);
    const { from, version } = source;
    const CopySource = `${this.bucket}/${from}?versionId=${version.versionId}`;
    const answer = await this.s3.send(new CopyObjectCommand({ Bucket: this.bucket, Key: key, CopySource }));
    const etag = createHash('md5').update(version.bytes).digest('hex');
    this.#made(key, { ...version, versionId: answer.VersionId, etag });
    this.done.copy += 1;
  }

  async #putParts(key: string): Promise<void> {
    const parts = [this.#bytes(5 * MIB), this.#bytes(1_000)];
    const metadata = { number: String(this.#total) };
    const target = { Bucket: this.bucket, Key: key };
    const { UploadId } = await this.s3.send(new CreateMultipartUploadCommand({ ...target, Metadata: metadata }));
    const Parts = [];
    for (const [at, Body] of parts.entries()) {
      const part = { ...target, UploadId, PartNumber: at + 1, Body };
      Parts.push({ PartNumber: at + 1, ETag: (await this.s3.send(new UploadPartCommand(part))).ETag });
    }
    const complete = { ...target, UploadId, MultipartUpload: { Parts } };
    const { VersionId, ETag } = await this.s3.send(new CompleteMultipartUploadCommand(complete));
    const bytes = Buffer.concat(parts);
    this.#made(key, { kind: 'version', versionId: VersionId, bytes, etag: ETag, metadata, tags: {} });
    this.done.multipart += 1;
  }

  /** Like no other operation's. */
  #bytes(size: number): Buffer {
    const name = `operation ${this.#total}, ${this.#random()};`;
    return Buffer.alloc(name.length + size, name);
  }

  #made(key: string, made: Answered): void {
    const { versionId = '', etag = '' } = made;
    if (versionId === '') throw new Error(`an operation of ${key} was answered without a version id`);
    const version = { ...made, versionId, etag: etag.replaceAll('"', ''), isPushed: false };
    this.expected.set(key, [version, ...(this.expected.get(key) ?? [])]);
  }
}

type Answered = Omit<ExpectedVersion, 'versionId' | 'etag' | 'isPushed'> & {
  readonly versionId: string | undefined;
  readonly etag: string | undefined;
};

/**
 * A version that is removed before its push has begun never comes to the connector, where a marker would then be made of
 * nothing, or of a marker: MinIO makes none.
 */
const isMadeByAll = (versions: readonly ExpectedVersion[]): boolean =>
  versions.at(-1)?.kind === 'version' &&
  versions.every(({ kind }, at) => kind === 'version' || versions[at + 1]?.kind === 'version');
