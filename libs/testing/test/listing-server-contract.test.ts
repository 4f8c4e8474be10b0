import { S3Client } from '@aws-sdk/client-s3';
import {
  describeVersionedBucket,
  type EndpointUnderTest,
  type Personality,
  personalities,
  startListingServer,
} from '../src/index.js';

for (const personality of Object.keys(personalities) as (keyof typeof personalities)[]) {
  describeVersionedBucket(`the listing server as ${personality}`, { quirks: personalities[personality] }, () =>
    start(personality),
  );
}

async function start(personality: Personality): Promise<EndpointUnderTest> {
  const server = await startListingServer({ personality, versioning: 'none' });
  const { endpoint, region, accessKeyId, secretAccessKey, bucket } = server;
  const s3 = new S3Client({
    endpoint,
    region,
    credentials: { accessKeyId, secretAccessKey },
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  const stop = async () => {
    s3.destroy();
    await server.stop();
  };
  return { s3, bucket, stop };
}
