import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
  paginateListObjectsV2,
  type S3Client,
  S3ServiceException,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { PermanentError, TransientError } from '@mirror/runtime';
import { Fingerprint } from './fingerprint.js';
import { intoParts } from './into-parts.js';
import { type ByteRange, STAGED_ID, type StagedBytes, type StagedEntry, type Staging } from './staging.js';

/** Held in memory for each write. 10,000 parts of it are the largest body: 80 GiB; a client's part ends at 5 GiB. */
const PART_BYTES = 8 * 1024 * 1024;

/** One object for each staged id, below a prefix of a bucket that is not versioned. */
export class S3Staging implements Staging {
  constructor(
    private readonly s3: S3Client,
    private readonly bucket: string,
    /** Empty, or ends on a slash. */
    private readonly prefix: string,
  ) {}

  async write(stagedId: string, body: AsyncIterable<Uint8Array>): Promise<StagedBytes> {
    const target = this.#target(stagedId);
    const fingerprint = new Fingerprint(body);
    try {
      const parts = intoParts(fingerprint, PART_BYTES);
      const first = await parts.next();
      if (first.done) await this.#put(target, Buffer.alloc(0));
      else if (first.value.byteLength < PART_BYTES) await this.#put(target, first.value);
      else await this.#putParts(target, first.value, parts);
    } catch (error) {
      throw fingerprint.failed ? error : translate(error, stagedId);
    }
    return fingerprint.result();
  }

  async read(stagedId: string, range?: ByteRange): Promise<Readable> {
    const Range = range && `bytes=${range.first}-${range.last}`;
    const target = this.#target(stagedId);
    try {
      const { Body } = await this.s3.send(new GetObjectCommand({ ...target, Range }));
      return Body as Readable; // what the SDK gives in Node
    } catch (error) {
      throw translate(error, stagedId);
    }
  }

  /** Also what a crash left of a write: its parts are in no listing, and cost nevertheless. */
  async remove(stagedId: string): Promise<void> {
    const target = this.#target(stagedId);
    try {
      await this.s3.send(new DeleteObjectCommand(target));
      const { Uploads = [] } = await this.s3.send(
        new ListMultipartUploadsCommand({ Bucket: target.Bucket, Prefix: target.Key }),
      );
      for (const { Key, UploadId } of Uploads) {
        if (Key === target.Key && UploadId) await this.#abort(target, UploadId);
      }
    } catch (error) {
      throw translate(error, stagedId);
    }
  }

  async *list(): AsyncGenerator<StagedEntry> {
    const pages = paginateListObjectsV2({ client: this.s3 }, { Bucket: this.bucket, Prefix: this.prefix });
    try {
      for await (const { Contents = [] } of pages) {
        for (const { Key = '', Size = 0, LastModified = new Date() } of Contents) {
          const stagedId = Key.slice(this.prefix.length);
          if (STAGED_ID.test(stagedId)) yield { stagedId, size: Size, at: LastModified };
        }
      }
    } catch (error) {
      throw translate(error, '');
    }
  }

  async check(): Promise<void> {
    try {
      await this.s3.send(new HeadBucketCommand({ Bucket: this.bucket }));
    } catch (error) {
      throw translate(error, '');
    }
  }

  close(): void {
    this.s3.destroy();
  }

  #target(stagedId: string): Target {
    if (!STAGED_ID.test(stagedId)) throw new RangeError(`not a staged id: ${stagedId}`);
    return { Bucket: this.bucket, Key: `${this.prefix}${stagedId}` };
  }

  async #put(target: Target, bytes: Buffer): Promise<void> {
    await this.s3.send(new PutObjectCommand({ ...target, Body: bytes, ContentMD5: md5Of(bytes) }));
  }

  async #putParts(target: Target, first: Buffer, rest: AsyncIterable<Buffer>): Promise<void> {
    const { UploadId } = await this.s3.send(new CreateMultipartUploadCommand(target));
    const parts: { ETag: string | undefined; PartNumber: number }[] = [];
    const send = async (Body: Buffer): Promise<void> => {
      const PartNumber = parts.length + 1;
      const command = new UploadPartCommand({ ...target, UploadId, PartNumber, Body, ContentMD5: md5Of(Body) });
      parts.push({ ETag: (await this.s3.send(command)).ETag, PartNumber });
    };
    try {
      await send(first);
      for await (const part of rest) await send(part);
      await this.s3.send(
        new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts: parts } }),
      );
    } catch (error) {
      await this.#abort(target, UploadId).catch(() => {}); // its intent is left: the sweep tries again
      throw error;
    }
  }

  async #abort(target: Target, UploadId: string | undefined): Promise<void> {
    await this.s3.send(new AbortMultipartUploadCommand({ ...target, UploadId }));
  }
}

interface Target {
  readonly Bucket: string;
  readonly Key: string;
}

const md5Of = (bytes: Buffer): string => createHash('md5').update(bytes).digest('base64');

function translate(error: unknown, stagedId: string): Error {
  const code = error instanceof S3ServiceException ? error.name : undefined;
  const details = { cause: error, context: { stagedId } };
  if (code === 'NoSuchKey') {
    return new PermanentError('The staged bytes are not there', {
      ...details,
      code: 'STAGING.MISSING',
      hint: 'They were pushed or given up meanwhile. If not, the staging bucket is another one, or lost objects.',
    });
  }
  return new TransientError(`The staging bucket does not work: ${code ?? (error as Error).message}`, {
    ...details,
    code: 'STAGING.UNAVAILABLE',
    hint: 'See that the bucket of STAGING_URL exists, and that STAGING_ACCESS_KEY_ID may read, write, delete and list in it.',
  });
}
