import {
  CreateBucketCommand,
  DeleteObjectCommand,
  HeadBucketCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { type SampleObject, type SampleStep, sampleObjects } from './sample-objects.js';

export interface Connector {
  endpoint: string;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
  bucket: string;
}

const concurrency = 16;

/** Makes the bucket, fills it, and enables its versioning in between. `onProgress` gets the steps done and their number. */
export async function putSample(
  connector: Connector,
  versions: number,
  onProgress: (done: number, total: number) => void,
): Promise<void> {
  const s3 = connectorClient(connector);
  const { bucket } = connector;
  const objects = sampleObjects(versions);
  const total = objects.reduce((sum, { steps }) => sum + steps.length, 0);
  let done = 0;
  const tick = () => onProgress(++done, total);
  await ensureBucket(s3, bucket);
  const versionIds = new Map<SampleObject, Array<string | undefined>>();
  await eachInParallel(objects, async (object) => {
    versionIds.set(object, object.beforeVersioning ? [await firstStep(s3, bucket, object, tick)] : []);
  });
  const versioning = { Bucket: bucket, VersioningConfiguration: { Status: 'Enabled' as const } };
  await s3.send(new PutBucketVersioningCommand(versioning));
  await eachInParallel(objects, async (object) => {
    const ids = versionIds.get(object) ?? [];
    for (const step of object.steps.slice(ids.length)) {
      ids.push(await take(s3, bucket, object.key, step, ids));
      tick();
    }
  });
  s3.destroy();
}

/** Set as S3 Connector wants it: no checksums that it did not ask for. */
function connectorClient({ endpoint, region, accessKeyId, secretAccessKey }: Connector): S3Client {
  return new S3Client({
    endpoint,
    region,
    credentials: { accessKeyId, secretAccessKey },
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
}

async function ensureBucket(s3: S3Client, bucket: string): Promise<void> {
  try {
    await s3.send(new HeadBucketCommand({ Bucket: bucket })); // there when an earlier first start was interrupted
  } catch {
    await s3.send(new CreateBucketCommand({ Bucket: bucket }));
  }
}

async function firstStep(s3: S3Client, bucket: string, object: SampleObject, tick: () => void): Promise<string> {
  const [step] = object.steps;
  if (step !== undefined) await take(s3, bucket, object.key, step, []);
  tick();
  return 'null';
}

/** Answers the id of the version that the step made; `ids` are those of the steps before. */
async function take(
  s3: S3Client,
  bucket: string,
  key: string,
  step: SampleStep,
  ids: Array<string | undefined>,
): Promise<string | undefined> {
  const target = { Bucket: bucket, Key: key };
  switch (step.kind) {
    case 'put': {
      const { body: Body, contentType: ContentType, metadata: Metadata, tags } = step;
      const Tagging = Object.keys(tags).length > 0 ? new URLSearchParams(tags).toString() : undefined;
      return (await s3.send(new PutObjectCommand({ ...target, Body, ContentType, Metadata, Tagging }))).VersionId;
    }
    case 'deleteMarker':
      return (await s3.send(new DeleteObjectCommand(target))).VersionId;
    case 'removeVersion':
      await s3.send(new DeleteObjectCommand({ ...target, VersionId: ids[step.step] }));
      return undefined;
  }
}

/** A failure ends all: the workers stop at their next object. */
async function eachInParallel<T>(items: T[], action: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const workers = Array.from({ length: concurrency }, async () => {
    for (const item of queue) await action(item);
  });
  await Promise.all(workers);
}
