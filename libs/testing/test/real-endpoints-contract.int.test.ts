import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { describeVersionedBucket, freshBucket, freshName, personalities, startVersitygw } from '../src/index.js';

describeVersionedBucket('MinIO', { quirks: personalities.minio }, async () => {
  const { bucket, s3, drop } = await freshBucket({ versioning: 'none', prefix: 'contract' });
  return { bucket, s3, stop: drop };
});

describeVersionedBucket('versitygw', { quirks: personalities.versitygw }, async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'mirror-versitygw-'));
  const report = (line: string) => process.stderr.write(`${line}\n`);
  const server = await startVersitygw({ dataDir, report });
  const { endpoint, region, accessKeyId, secretAccessKey } = server;
  const s3 = new S3Client({
    endpoint,
    region,
    credentials: { accessKeyId, secretAccessKey },
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  const bucket = freshName('contract');
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
  const stop = async () => {
    s3.destroy();
    await server.stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
  return { bucket, s3, stop };
});
