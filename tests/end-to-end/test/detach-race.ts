import { setTimeout as sleep } from 'node:timers/promises';
import { PutObjectCommand, type S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { type FreshBucket, waitFor } from '@mirror/testing';
import { expect } from 'vitest';
import { listHistory, locationOf, type System, s3Client, waitUntilPushed } from '../src/index.js';
import { connectorAccess } from './test-system.js';

export interface DetachRound {
  /** Answered 204; else 409, because uploads waited. */
  readonly detached: boolean;
  readonly answered: number;
  readonly refused: number;
}

const UPLOADS = 8;

/**
 * One round: a bucket is detached while clients upload to it, each at another moment of it. Fails unless what was answered
 * is at the connector exactly once, what was refused is not, and the detach was refused where uploads waited.
 */
export async function raceDetach(system: System, target: FreshBucket, round: number): Promise<DetachRound> {
  const { bucket } = target;
  const s3 = await mirrorAgain(system, bucket);
  // By rounds the detach comes later: amid the first uploads, amid the last ones, after an answer.
  const detachAt = (round % 4) * 8;
  const keys = Array.from({ length: UPLOADS }, (_, n) => `round ${round}/${n}`);
  const uploads = keys.map(async (key, n) => {
    await sleep(n * 5);
    return upload(s3, bucket, key);
  });
  await sleep(detachAt);
  if (round % 4 === 3) await Promise.any(uploads);
  const status = await detach(system, bucket);
  const answers = await Promise.all(uploads);
  s3.destroy();
  expect([204, 409]).toContain(status);
  if (status === 409) await waitUntilPushed(system, bucket);
  const arrived = await listHistory(target.s3, bucket, `round ${round}/`);
  const expected = keys.filter((_, n) => answers[n] === true);
  expect([...arrived.keys()].toSorted()).toEqual(expected);
  expect([...arrived.values()].every((versions) => versions.length === 1)).toBe(true);
  return { detached: status === 204, answered: expected.length, refused: UPLOADS - expected.length };
}

/** The bucket, as the last round left it or made anew; settles when uploads to it are accepted. */
async function mirrorAgain(system: System, bucket: string): Promise<S3Client> {
  const access = connectorAccess(bucket);
  const location = locationOf('detached', access);
  const { items } = (await system.api.get<{ items: { name: string }[] }>('/v1/locations')) ?? { items: [] };
  if (!items.some(({ name }) => name === location.name)) await system.api.post('/v1/locations', location);
  const isThere = await system.status(bucket).catch(() => null);
  if (!isThere) await system.api.post('/v1/buckets', { name: bucket, locationConstraint: `${location.name}:ingest` });
  const s3 = s3Client(await system.gatewayAccess(bucket, 'writer'), 1);
  await waitFor(() => upload(s3, bucket, 'ready'), { what: `${bucket} to accept uploads`, timeoutMs: 30_000 });
  await waitUntilPushed(system, bucket);
  return s3;
}

/** False: refused, in S3's words. */
async function upload(s3: S3Client, Bucket: string, Key: string): Promise<boolean> {
  try {
    await s3.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
    return true;
  } catch (error) {
    if (error instanceof S3ServiceException && error.$response !== undefined) return false;
    throw error;
  }
}

async function detach({ urls, adminToken }: System, bucket: string): Promise<number> {
  const headers = { authorization: `Bearer ${adminToken}` };
  const response = await fetch(`${urls.config}/v1/buckets/${bucket}`, { method: 'DELETE', headers });
  if (response.status === 409) expect(await response.json()).toMatchObject({ code: 'BUCKET.UPLOADS_WAITING' });
  return response.status;
}
