import { setTimeout as pause } from 'node:timers/promises';
import type { ConfigClient } from '@mirror/config-client';
import { BUCKET_NAME_PATTERN } from '@mirror/events';
import { S3Error, type S3ErrorCode, serviceUnavailable } from '../protocol/errors.js';
import { parseLocationConstraint, parseVersioning } from '../protocol/request-documents.js';
import type { S3Response } from '../protocol/s3-response.js';
import { bucketOf } from './access.js';
import type { Operation } from './operation.js';

const MAX_DOCUMENT_BYTES = 65_536;
/** How long the answer waits until this gateway has heard of the change. */
const HEARD_MS = 5_000;
const LOOK_MS = 20;

/** Makes a mirrored bucket, through the config service. Its location constraint is `NAME:ingest`. */
export const createBucket: Operation = async (call, sources) => {
  const name = call.request.bucket;
  if (!BUCKET_NAME_PATTERN.test(name)) throw new S3Error('InvalidBucketName', { elements: { BucketName: name } });
  const constraint = parseLocationConstraint(await call.body.text(MAX_DOCUMENT_BYTES));
  if (constraint === undefined) throw noLocation();
  const creation = await ask(() => sources.writing.config.createBucket(name, constraint));
  if (creation.kind === 'refused') throw refused(creation, name);
  await untilHeard(() => sources.buckets.get(name)?.mirrorId === creation.bucket.mirrorId);
  return { status: 200, headers: { location: `/${name}` } };
};

/** Detaches the mirror: nothing is deleted at the connector. */
export const deleteBucket: Operation = async (call, sources) => {
  const { bucket: name, mirrorId } = bucketOf(call, sources);
  const detach = await ask(() => sources.writing.config.detachBucket(name));
  if (detach.kind === 'refused') throw refused(detach, name);
  await untilHeard(() => sources.buckets.get(name)?.mirrorId !== mirrorId);
  return { status: 204, headers: {} };
};

/** A mirror's versioning is its target bucket's, which must stay enabled. */
export const putBucketVersioning: Operation = async (call, sources): Promise<S3Response> => {
  const { status, mfaDelete } = parseVersioning(await call.body.text(MAX_DOCUMENT_BYTES));
  bucketOf(call, sources);
  if (mfaDelete === 'Enabled') throw new S3Error('NotImplemented', { elements: { Header: 'MfaDelete' } });
  if (status === 'Enabled') return { status: 200, headers: {} };
  if (status !== 'Suspended') throw new S3Error('IllegalVersioningConfigurationException');
  throw new S3Error('InvalidBucketState', {
    message: 'A mirrored bucket needs versioning: it can not be suspended. Detach the bucket instead.',
  });
};

type Refusal = Extract<Awaited<ReturnType<ConfigClient['createBucket']>>, { kind: 'refused' }>;

/** What S3 calls the config service's refusals; of the others the location constraint is at fault. */
const CODES: Readonly<Record<string, S3ErrorCode>> = {
  'BUCKET.EXISTS': 'BucketAlreadyOwnedByYou',
  'BUCKET.LOCATION_MIRRORED': 'OperationAborted',
  'BUCKET.TARGET_MIRRORED': 'OperationAborted',
  'BUCKET.UPLOADS_WAITING': 'BucketNotEmpty',
  'BUCKET.NOT_FOUND': 'NoSuchBucket',
};

function refused({ code, detail, hint }: Refusal, BucketName: string): S3Error {
  const message = [detail, hint].filter((text) => text !== '').join(' ');
  return new S3Error(CODES[code] ?? 'InvalidLocationConstraint', { message, elements: { BucketName } });
}

const noLocation = (): S3Error =>
  new S3Error('InvalidLocationConstraint', {
    message: 'A bucket is made on a location, in Mirror mode: give the location constraint NAME:ingest.',
  });

async function ask<T>(request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    throw serviceUnavailable('Buckets can not be made or detached at the moment.', error);
  }
}

/** The change is made whatever comes of this: the events that tell of it are on their way. */
async function untilHeard(isHeard: () => boolean): Promise<void> {
  const until = performance.now() + HEARD_MS;
  while (!isHeard() && performance.now() < until) await pause(LOOK_MS);
}
