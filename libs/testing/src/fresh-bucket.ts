import { CreateBucketCommand, DeleteBucketCommand, PutBucketVersioningCommand, S3Client } from '@aws-sdk/client-s3';
import { freshName, testServers } from './servers.js';

export interface FreshBucketOptions {
  /** 'none' leaves a bucket as it is created: never versioned, its objects have the version id `null`. */
  versioning?: 'Enabled' | 'Suspended' | 'none';
  prefix?: string;
}

export interface FreshBucket {
  bucket: string;
  /** With the keys of the connector's owner. */
  s3: S3Client;
  /** Removes the bucket with all that is in it and closes the client. */
  drop(): Promise<void>;
}

/** A bucket of the stand-in connector that nothing else uses, versioned unless told otherwise. */
export async function freshBucket(options: FreshBucketOptions = {}): Promise<FreshBucket> {
  const { versioning = 'Enabled', prefix = 'test' } = options;
  const bucket = freshName(prefix);
  const s3 = connectorClient();
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
  if (versioning !== 'none') await setVersioning(s3, bucket, versioning);
  return { bucket, s3, drop: () => dropBucket(s3, bucket) };
}

export async function setVersioning(s3: S3Client, bucket: string, status: 'Enabled' | 'Suspended'): Promise<void> {
  const input = { Bucket: bucket, VersioningConfiguration: { Status: status } };
  await s3.send(new PutBucketVersioningCommand(input));
}

/** A client of the stand-in connector, set as S3 Connector wants it: no checksums that it did not ask for. */
export function connectorClient(): S3Client {
  const { endpoint, region, accessKeyId, secretAccessKey } = testServers().connector;
  return new S3Client({
    endpoint,
    region,
    credentials: { accessKeyId, secretAccessKey },
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
}

/** MinIO empties the bucket itself when asked by this header of its own; a listing and 1,000 deletes at a time take minutes. */
async function dropBucket(s3: S3Client, bucket: string): Promise<void> {
  const command = new DeleteBucketCommand({ Bucket: bucket });
  command.middlewareStack.add(
    (next) => (args) => {
      (args.request as { headers: Record<string, string> }).headers['x-minio-force-delete'] = 'true';
      return next(args);
    },
    { step: 'build', name: 'forceDelete' },
  );
  await s3.send(command);
  s3.destroy();
}
