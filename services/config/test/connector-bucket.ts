import { ListMultipartUploadsCommand, ListObjectVersionsCommand } from '@aws-sdk/client-s3';
import { type FreshBucket, testServers } from '@mirror/testing';

/** What POST /v1/locations takes, for a bucket of the stand-in connector. */
export function locationOn(bucket: string, name: string, details: Readonly<Record<string, unknown>> = {}) {
  const { endpoint, region, accessKeyId, secretAccessKey } = testServers().connector;
  return {
    name,
    locationType: 'location-scality-ring-s3-v1',
    details: {
      endpoint,
      bucketName: bucket,
      accessKey: accessKeyId,
      secretKey: secretAccessKey,
      bucketMatch: true,
      region,
      ...details,
    },
  };
}

/** Everything a check could have left behind: versions, delete markers, uploads begun. */
export async function leftovers({ s3, bucket }: FreshBucket): Promise<string[]> {
  const listed = await s3.send(new ListObjectVersionsCommand({ Bucket: bucket }));
  const uploads = await s3.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
  const versions = [...(listed.Versions ?? []), ...(listed.DeleteMarkers ?? [])];
  return [...versions, ...(uploads.Uploads ?? [])].map(({ Key }) => String(Key));
}
