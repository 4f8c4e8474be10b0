import { GetBucketVersioningCommand, type S3Client } from '@aws-sdk/client-s3';
import { entries } from './error-table.js';
import { errorOf, translateS3Error } from './translate-error.js';

/**
 * Resolves if the bucket's versioning is enabled now. Throws S3.VERSIONING_OFF or S3.VERSIONING_SUSPENDED (permanent) if it is
 * not, and by the error table when that cannot be seen.
 */
export async function requireVersioning(client: S3Client, bucket: string, signal?: AbortSignal): Promise<void> {
  const status = await versioningOf(client, bucket, signal);
  if (status === 'Enabled') return;
  if (status === 'Suspended') throw errorOf(entries.versioningSuspended, `Versioning is suspended on ${bucket}`);
  throw errorOf(entries.versioningOff, `Versioning is not enabled on ${bucket}`);
}

async function versioningOf(client: S3Client, bucket: string, signal?: AbortSignal): Promise<string | undefined> {
  try {
    const { Status } = await client.send(new GetBucketVersioningCommand({ Bucket: bucket }), { abortSignal: signal });
    return Status;
  } catch (error) {
    throw translateS3Error(error);
  }
}
