import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetBucketVersioningCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { type BucketShape, type PlannedKey, type PlannedWrite, planBucket, standardShape } from './bucket-plan.js';

export interface GenerateOptions {
  readonly shape?: Partial<BucketShape>;
  /** Keys written at once; 16 when none is given. */
  readonly concurrency?: number;
  /** Called now and then, and at the end, with writes done and to do. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** What was written. */
export interface GeneratedBucket {
  keys: number;
  /** Without delete markers. */
  versions: number;
  deleteMarkers: number;
  nullVersions: number;
  multiparts: number;
  /** Versions with metadata, content headers and tags. */
  described: number;
  bytes: number;
  seconds: number;
}

const progressEvery = 500;

/**
 * Fills a bucket with versions of a seeded shape, and enables its versioning on the way. The bucket must be empty, and
 * never versioned where the shape asks for null versions.
 */
export async function generateBucket(
  s3: S3Client,
  bucket: string,
  options: GenerateOptions = {},
): Promise<GeneratedBucket> {
  const shape = { ...standardShape, ...options.shape };
  if (shape.nullVersions > 0) await refuseVersioned(s3, bucket);
  const plan = planBucket(shape);
  const startedAt = performance.now();
  const writer = new PlanWriter(s3, bucket, shape.versions, options);
  await writer.write(plan.filter(({ startsUnversioned }) => startsUnversioned).map((key) => cut(key, 0, 1)));
  const VersioningConfiguration = { Status: 'Enabled' as const };
  await s3.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration }));
  await writer.write(plan.map((key) => (key.startsUnversioned ? cut(key, 1) : key)));
  return { ...countPlan(plan), seconds: (performance.now() - startedAt) / 1000 };
}

const cut = (key: PlannedKey, from: number, to?: number): PlannedKey => ({
  ...key,
  writes: key.writes.slice(from, to),
});

async function refuseVersioned(s3: S3Client, bucket: string): Promise<void> {
  const { Status } = await s3.send(new GetBucketVersioningCommand({ Bucket: bucket }));
  if (Status !== undefined) throw new Error(`${bucket} is versioned (${Status}): it can get no null versions any more`);
}

function countPlan(plan: readonly PlannedKey[]): Omit<GeneratedBucket, 'seconds'> {
  const writes = plan.flatMap((key) => key.writes);
  const deleteMarkers = writes.filter(({ kind }) => kind === 'delete').length;
  return {
    keys: plan.length,
    versions: writes.length - deleteMarkers,
    deleteMarkers,
    nullVersions: plan.filter(({ startsUnversioned }) => startsUnversioned).length,
    multiparts: writes.filter(({ kind }) => kind === 'multipart').length,
    described: writes.filter((write) => write.kind === 'put' && write.described).length,
    bytes: writes.reduce((sum, write) => sum + (write.kind === 'delete' ? 0 : write.size), 0),
  };
}

/** Works off plans with several keys at once, the writes of one key in their order. */
class PlanWriter {
  #done = 0;

  constructor(
    private readonly s3: S3Client,
    private readonly bucket: string,
    private readonly total: number,
    private readonly options: GenerateOptions,
  ) {}

  async write(plan: readonly PlannedKey[]): Promise<void> {
    const queue = plan.values();
    const worker = async () => {
      for (const { key, writes } of queue) {
        for (const write of writes) await this.#write(key, write);
      }
    };
    await Promise.all(Array.from({ length: this.options.concurrency ?? 16 }, worker));
  }

  async #write(key: string, write: PlannedWrite): Promise<void> {
    await writePlanned(this.s3, { Bucket: this.bucket, Key: key }, write);
    this.#done += 1;
    if (this.#done % progressEvery === 0 || this.#done === this.total)
      this.options.onProgress?.(this.#done, this.total);
  }
}

interface Target {
  Bucket: string;
  Key: string;
}

async function writePlanned(s3: S3Client, target: Target, write: PlannedWrite): Promise<void> {
  switch (write.kind) {
    case 'put': {
      const description = write.described ? describe(write.serial) : {};
      await s3.send(new PutObjectCommand({ ...target, ...description, Body: body(write.size, write.serial) }));
      return;
    }
    case 'multipart':
      return uploadInOnePart(s3, target, body(write.size, write.serial));
    case 'delete':
      await s3.send(new DeleteObjectCommand(target));
      return;
    default:
      write satisfies never;
  }
}

function describe(serial: number) {
  return {
    ContentType: serial % 2 === 0 ? 'image/jpeg' : 'text/plain; charset=utf-8',
    CacheControl: 'max-age=60',
    Metadata: { camera: `no ${serial % 9}`, 'uploaded-by': 'generator' },
    Tagging: `class=${serial % 3}&note=a%20b%2B`,
  };
}

async function uploadInOnePart(s3: S3Client, target: Target, content: Buffer): Promise<void> {
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand(target));
  const part = await s3.send(new UploadPartCommand({ ...target, UploadId, PartNumber: 1, Body: content }));
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag: part.ETag }] };
  await s3.send(new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload }));
}

/** Different for nearly every write, so that ETags tell versions apart. */
const body = (size: number, serial: number): Buffer => Buffer.alloc(size, `${serial} `);
