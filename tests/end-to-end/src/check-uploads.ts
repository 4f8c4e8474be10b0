import { createHash } from 'node:crypto';
import {
  GetObjectCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { UploadRun } from './upload-clients.js';
import { bytesOf, type PlannedUpload } from './upload-plan.js';

export interface UploadCheck {
  /** Versions at the connector. */
  readonly versions: number;
  /** Of uploads that nobody was answered for, and that are there nevertheless. */
  readonly unansweredThere: number;
}

const READ_AT_ONCE = 12;

/**
 * Reads every version at the connector itself. Throws with all that is wrong: an answered upload that is not there exactly
 * once, another one that is there twice, other bytes or metadata, versions of a key that are not in the order of its uploads.
 */
export async function checkUploads(
  s3: S3Client,
  bucket: string,
  seed: number,
  plan: readonly PlannedUpload[],
  { answered, unanswered }: UploadRun,
): Promise<UploadCheck> {
  const faults: string[] = [];
  const times = new Map<number, number>();
  const byKey = new Map<string, number[]>();
  const listed = await listAll(s3, bucket);
  const read = await readAll(s3, bucket, seed, plan, listed);
  for (const [at, version] of listed.entries()) {
    const index = read[at];
    if (index === undefined) faults.push(`${version.key} ${version.versionId} has bytes or metadata of no upload`);
    else {
      times.set(index, (times.get(index) ?? 0) + 1);
      byKey.set(version.key, [...(byKey.get(version.key) ?? []), index]);
    }
  }
  for (const index of answered.keys()) {
    const count = times.get(index) ?? 0;
    if (count !== 1) faults.push(`upload ${index} was answered, and is there ${count} times`);
  }
  for (const index of unanswered) {
    if ((times.get(index) ?? 0) > 1)
      faults.push(`upload ${index} was not answered, and is there ${times.get(index)} times`);
  }
  for (const [key, indexes] of byKey) {
    const isOrdered = indexes.every((index, at) => at === 0 || index < (indexes[at - 1] ?? 0)); // newest first
    if (!isOrdered) faults.push(`${key} has its uploads in the order ${indexes.toReversed().join(', ')}`);
  }
  if (faults.length > 0) throw new Error(`seed ${seed}: ${faults.length} faults\n${faults.slice(0, 20).join('\n')}`);
  return { versions: listed.length, unansweredThere: [...unanswered].filter((index) => times.has(index)).length };
}

interface ListedVersion {
  readonly key: string;
  readonly versionId: string;
}

/** By the SDK alone: the judge shares no code with what it judges. */
async function listAll(s3: S3Client, Bucket: string): Promise<ListedVersion[]> {
  const found: ListedVersion[] = [];
  for (let [KeyMarker, VersionIdMarker]: (string | undefined)[] = []; ; ) {
    const page: ListObjectVersionsCommandOutput = await s3.send(
      new ListObjectVersionsCommand({ Bucket, KeyMarker, VersionIdMarker }),
    );
    for (const { Key = '', VersionId = '' } of page.Versions ?? []) found.push({ key: Key, versionId: VersionId });
    for (const { Key = '' } of page.DeleteMarkers ?? [])
      throw new Error(`${Key} has a delete marker, and nobody deleted it`);
    if (!page.IsTruncated) return found;
    [KeyMarker, VersionIdMarker] = [page.NextKeyMarker, page.NextVersionIdMarker];
  }
}

/** The index of the upload that each version is of, byte for byte; undefined: of none. */
async function readAll(
  s3: S3Client,
  bucket: string,
  seed: number,
  plan: readonly PlannedUpload[],
  listed: readonly ListedVersion[],
): Promise<(number | undefined)[]> {
  const found: (number | undefined)[] = [];
  const queue = listed.entries();
  const work = async (): Promise<void> => {
    for (const [at, version] of queue) found[at] = await readOne(s3, bucket, seed, plan, version);
  };
  await Promise.all(Array.from({ length: READ_AT_ONCE }, work));
  return found;
}

async function readOne(
  s3: S3Client,
  Bucket: string,
  seed: number,
  plan: readonly PlannedUpload[],
  { key: Key, versionId: VersionId }: ListedVersion,
): Promise<number | undefined> {
  const { Body, Metadata = {}, ContentType } = await s3.send(new GetObjectCommand({ Bucket, Key, VersionId }));
  const hash = createHash('sha256').update((await Body?.transformToByteArray()) ?? new Uint8Array());
  const upload = plan[Number(Metadata.upload)];
  if (!upload || upload.key !== Key || ContentType !== 'application/x-faults') return undefined;
  if (Object.keys(Metadata).length !== 1) return undefined; // something of ours
  const expected = createHash('sha256');
  for (const [part, size] of upload.parts.entries()) expected.update(bytesOf(seed, upload, part, size));
  return hash.digest('hex') === expected.digest('hex') ? upload.index : undefined;
}
