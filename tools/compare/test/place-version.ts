import { DeleteObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';

/** A version, or a delete marker where there is no body, with an id and a time of the test's choosing. */
export interface PlacedVersion {
  key: string;
  /** MinIO takes UUIDs. */
  versionId: string;
  at: string;
  body: string | null;
  metadata?: Record<string, string>;
  contentType?: string;
  /** As a query: 'a=b&c=d'. */
  tags?: string;
}

interface HttpRequest {
  headers: Record<string, string>;
  query: Record<string, string>;
}

/**
 * Writes it as MinIO's own replication does, which brings ids and times along: the only way to two buckets with the same
 * listing, and to one with a single thing changed.
 */
export async function placeVersion(s3: S3Client, bucket: string, placed: PlacedVersion): Promise<void> {
  const target = { Bucket: bucket, Key: placed.key };
  const details = { Metadata: placed.metadata, ContentType: placed.contentType, Tagging: placed.tags };
  if (placed.body === null) await s3.send(carryIdentity(new DeleteObjectCommand(target), placed));
  else await s3.send(carryIdentity(new PutObjectCommand({ ...target, ...details, Body: placed.body }), placed));
}

function carryIdentity<C extends PutObjectCommand | DeleteObjectCommand>(command: C, placed: PlacedVersion): C {
  // Both commands' stacks differ only in the types of what they carry, which is not looked at here.
  const stack = command.middlewareStack as PutObjectCommand['middlewareStack'];
  stack.add(
    (next) => (args) => {
      const request = args.request as HttpRequest;
      request.query.versionId = placed.versionId;
      request.headers['x-minio-source-replication-request'] = 'true';
      request.headers['x-minio-source-mtime'] = placed.at;
      if (placed.body === null) request.headers['x-minio-source-deletemarker'] = 'true';
      return next(args);
    },
    { step: 'build', name: 'carryIdentity' },
  );
  return command;
}
